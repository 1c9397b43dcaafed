'use client'
import { lazy, Suspense } from 'react'
import type { Remedy } from '#lib/aws/schema.ts'

// Seldom needed, so its script comes with the first page that shows one.
const FixRemedies = lazy(() => import('./fix-remedies.tsx'))

/** Policies to add, in a frame of their own. Nothing where there is none. */
export function LazyRemedies({ remedies }: { remedies: readonly Remedy[] }) {
  if (remedies.length === 0) return null
  return (
    <div className="mt-3 overflow-hidden rounded-control border border-t-0 border-line">
      <Suspense>
        <FixRemedies remedies={remedies} heading="h3" />
      </Suspense>
    </div>
  )
}
