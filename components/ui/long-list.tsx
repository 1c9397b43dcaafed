import type { ReactElement } from 'react'
import { count } from '#components/ui/format-bytes.ts'

interface Props {
  /** What one of those that are folded away is called: `more problem`. */
  of: string
  /** How many stand open. */
  open?: number
  className?: string
  children: readonly ReactElement[]
}

/** A list of which the beginning stands open and the rest can be unfolded: a phone shows a few entries at a time. */
export function LongList({ of, open = 5, className, children }: Props) {
  // A fold that saves a line or two only hides them.
  const shown = children.length <= open + 2 ? children.length : open
  return (
    <>
      <ul className={className}>{children.slice(0, shown)}</ul>
      {shown < children.length && (
        <details className="mt-2">
          <summary className="w-fit py-1 text-sm text-ink-2 hover:text-ink">
            {count(children.length - shown, of)}
          </summary>
          <ul className={`mt-2 ${className ?? ''}`}>{children.slice(shown)}</ul>
        </details>
      )}
    </>
  )
}
