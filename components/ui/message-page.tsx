import type { ReactNode } from 'react'

/** One message and what to do next, where there is nothing else to show. */
export function MessagePage({ title, children, action }: { title: string; children: ReactNode; action?: ReactNode }) {
  return (
    <div className="mx-auto max-w-[56ch] py-16">
      <h1 className="text-xl font-semibold tracking-[-0.01em]">{title}</h1>
      <div className="mt-2 space-y-2 text-ink-2">{children}</div>
      {action && <div className="mt-5 flex flex-wrap gap-2.5">{action}</div>}
    </div>
  )
}
