import type { ReactNode } from 'react'

export function PageHeader({ title, lede, aside }: { title: ReactNode; lede?: ReactNode; aside?: ReactNode }) {
  return (
    <header className="mb-6 flex items-start gap-4 max-md:flex-col max-md:gap-2">
      <div className="min-w-0">
        <h1 className="text-xl font-semibold tracking-[-0.01em] wrap-anywhere">{title}</h1>
        {lede && <p className="mt-1 max-w-[66ch] text-ink-2">{lede}</p>}
      </div>
      {aside && (
        <div className="ml-auto shrink-0 text-right text-sm text-ink-3 max-md:ml-0 max-md:text-left">{aside}</div>
      )}
    </header>
  )
}
