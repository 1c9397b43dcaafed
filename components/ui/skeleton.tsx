import type { ReactNode } from 'react'

/** A grey place as large as what will stand there. */
export function Skeleton({ className }: { className: string }) {
  return <div aria-hidden className={`animate-pulse rounded-control bg-line ${className}`} />
}

/** A card of the height that the real one is going to have. */
export function CardSkeleton({ className }: { className: string }) {
  return (
    <div aria-hidden className={`card space-y-3 overflow-hidden px-5.5 py-5 ${className}`}>
      <Skeleton className="h-4 w-36" />
      <Skeleton className="h-3.5 w-64 max-w-full" />
      <Skeleton className="h-3.5 w-48 max-w-full" />
    </div>
  )
}

/** The head of a page, with its content still to come. */
export function PageSkeleton({ children }: { children: ReactNode }) {
  return (
    <div aria-busy="true">
      <span className="sr-only">Loading</span>
      <Skeleton className="mb-2 h-6 w-52" />
      <Skeleton className="mb-7 h-4 w-full max-w-[52ch]" />
      {children}
    </div>
  )
}
