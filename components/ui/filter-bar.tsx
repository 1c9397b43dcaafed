import Link from 'next/link'
import type { ReactNode } from 'react'
import { Button } from './button.tsx'
import { buttonClass } from './button-class.ts'

/** Filters are part of the address, so they survive a reload and can be sent to somebody. */
export function FilterBar({ path, active, children }: { path: string; active: boolean; children: ReactNode }) {
  return (
    <search>
      <form action={path} method="get" className="mb-4 flex flex-wrap items-end gap-2.5">
        {children}
        <Button type="submit">Filter</Button>
        {active && (
          <Link href={path} className={buttonClass()}>
            Clear
          </Link>
        )}
      </form>
    </search>
  )
}
