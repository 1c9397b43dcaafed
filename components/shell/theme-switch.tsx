'use client'
import { Monitor, Moon, Sun } from 'lucide-react'
import { useState } from 'react'
import { type Theme, themes } from './theme.ts'

const faces = {
  system: { Icon: Monitor, word: 'System' },
  light: { Icon: Sun, word: 'Light' },
  dark: { Icon: Moon, word: 'Dark' },
}
const year = 365 * 24 * 60 * 60

export function ThemeSwitch({ initial }: { initial: Theme }) {
  const [chosen, setChosen] = useState(initial)
  const choose = (theme: Theme) => {
    setChosen(theme)
    if (theme === 'system') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = theme
    // biome-ignore lint/suspicious/noDocumentCookie: cookieStore is missing on plain http, where most consoles run.
    document.cookie = `theme=${theme}; path=/; max-age=${year}; samesite=lax`
  }
  return (
    <fieldset aria-label="Theme" className="flex gap-0.5 rounded-control bg-sunken p-0.5 ring-1 ring-line ring-inset">
      {themes.map((theme) => {
        const { Icon, word } = faces[theme]
        return (
          <button
            key={theme}
            type="button"
            aria-pressed={chosen === theme}
            title={word}
            onClick={() => choose(theme)}
            className="grid h-6 flex-1 place-items-center rounded-[4px] px-2 text-ink-3 hover:text-ink aria-pressed:bg-surface aria-pressed:text-ink aria-pressed:ring-1 aria-pressed:ring-line pointer-coarse:h-10"
          >
            <Icon aria-hidden className="size-3.5" />
            <span className="sr-only">{word}</span>
          </button>
        )
      })}
    </fieldset>
  )
}
