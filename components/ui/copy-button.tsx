'use client'
import { Check, Copy, X } from 'lucide-react'
import { useEffect, useState } from 'react'
import { buttonClass } from './button-class.ts'

const words = { idle: 'Copy', copied: 'Copied', failed: 'Not copied' }
const icons = { idle: Copy, copied: Check, failed: X }

/** Copies with one click and says so. `what` names it for people who do not see what stands beside it. */
export function CopyButton({ text, what, iconOnly = false }: { text: string; what: string; iconOnly?: boolean }) {
  const [state, setState] = useState<keyof typeof words>('idle')
  useEffect(() => {
    if (state === 'idle') return
    const timer = setTimeout(() => setState('idle'), 2000)
    return () => clearTimeout(timer)
  }, [state])
  const Icon = icons[state]
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
      <Icon aria-hidden className="size-3.5" />
      {/* Both words lie on top of each other, so that the button keeps its width. */}
      <span className={iconOnly ? 'sr-only' : 'grid justify-items-center *:col-start-1 *:row-start-1'}>
        {!iconOnly && (
          <span className="invisible" aria-hidden>
            {words.copied}
          </span>
        )}
        <span aria-live="polite">
          {words[state]}
          {state === 'idle' && <span className="sr-only"> {what}</span>}
        </span>
      </span>
    </button>
  )
}
