'use client'
import { useEffect, useState } from 'react'
import { buttonClass } from './button-class.ts'
import { LineIcon } from './line-icon.tsx'

const words = { idle: 'Copy', copied: 'Copied', failed: 'Not copied' }
const shapes = {
  idle: 'M9 9h12v12H9zM15 5.5V3H3v12h2.5',
  copied: 'M4.5 12.5l5 5L19.5 7',
  failed: 'M7 7l10 10M17 7 7 17',
}

/** Copies with one click and says so. `what` names it for people who do not see what stands beside it. */
export function CopyButton({ text, what, iconOnly = false }: { text: string; what: string; iconOnly?: boolean }) {
  const [state, setState] = useState<keyof typeof words>('idle')
  useEffect(() => {
    if (state === 'idle') return
    const timer = setTimeout(() => setState('idle'), 2000)
    return () => clearTimeout(timer)
  }, [state])
  const copy = () =>
    navigator.clipboard?.writeText(text).then(
      () => setState('copied'),
      () => setState('failed'),
    ) ?? setState('failed')
  return (
    <button
      type="button"
      onClick={copy}
      className={
        iconOnly
          ? 'inline-grid size-6 shrink-0 place-items-center rounded-control align-middle text-ink-3 hover:bg-sunken hover:text-ink pointer-coarse:size-8'
          : buttonClass({ size: 'small' })
      }
    >
      <LineIcon className="size-3.5">
        <path d={shapes[state]} />
      </LineIcon>
      {/* Both words lie on top of each other, so that the button keeps its width. */}
      <span className={iconOnly ? 'sr-only' : 'grid justify-items-center *:col-start-1 *:row-start-1'}>
        {!iconOnly && (
          <span className="invisible" aria-hidden>
            {words.copied}
          </span>
        )}
        {/* What it would copy stands outside: inside, it was read out again after every copy. */}
        <span aria-live="polite">{words[state]}</span>
        {state === 'idle' && <span className="sr-only"> {what}</span>}
      </span>
    </button>
  )
}
