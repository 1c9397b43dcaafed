/** A grey place as large as what will stand there. */
export function Skeleton({ className }: { className: string }) {
  return <div aria-hidden className={`animate-pulse rounded-control bg-line ${className}`} />
}

/** The head of a page before its content is there. */
export function PageSkeleton({ children }: { children: React.ReactNode }) {
  return (
    <div aria-busy="true">
      <span className="sr-only">Loading</span>
      <Skeleton className="mb-2 h-6 w-52" />
      <Skeleton className="mb-7 h-4 w-full max-w-[52ch]" />
      {children}
    </div>
  )
}
