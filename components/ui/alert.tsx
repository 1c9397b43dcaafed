import { CircleX } from 'lucide-react'
import type { ReactNode } from 'react'

/** Says what was refused. In the page only while there is something to say, so that it is announced when it appears. */
export function Alert({ children }: { children: ReactNode }) {
  if (!children) return null
  return (
    <div role="alert" className="flex gap-2 rounded-control border border-bad bg-bad-soft px-3 py-2 text-bad">
      <CircleX aria-hidden className="mt-0.5 size-4 shrink-0" />
      <div className="min-w-0 wrap-anywhere">{children}</div>
    </div>
  )
}
