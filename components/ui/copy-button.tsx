'use client'
import { useEffect, useState } from 'react'
import { buttonClass } from './button-class.ts'

const words = { idle: 'Copy', copied: 'Copied', failed: 'Not copied' }
// Drawn here for the same reason as those of badges: tables have one in every row.
const shapes = {
  idle: 'M10 8h10a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H10a2 2 0 0 1-2-2V10a2 2 0 0 1 2-2zM4 16a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2h10a2 2 0 0 1 2 2',
  copied: 'M20 6 9 17l-5-5',
  failed: 'M18 6 6 18M6 6l12 12',
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
      <svg
        aria-hidden="true"
        viewBox="0 0 24 24"
        fill="none"
        stroke="currentColor"
        strokeWidth="2"
        strokeLinecap="round"
        strokeLinejoin="round"
        className="size-3.5"
      >
        <path d={shapes[state]} />
      </svg>
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
