import type { ReactNode } from 'react'

/** Names and what they are, one below the other. */
export function Facts({ children }: { children: ReactNode }) {
  return (
    <dl className="grid grid-cols-[8.5rem_minmax(0,1fr)] gap-x-4 gap-y-2.5 tabular-nums max-sm:grid-cols-1 max-sm:gap-y-0.5">
      {children}
    </dl>
  )
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="group contents">
      <dt className="text-ink-3 max-sm:mt-2 max-sm:group-first:mt-0 max-sm:text-sm">{name}</dt>
      <dd className="min-w-0 wrap-anywhere">{children}</dd>
    </div>
  )
}
