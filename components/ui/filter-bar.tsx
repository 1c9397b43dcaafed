import Link from 'next/link'
import type { ReactNode } from 'react'
import { Button } from './button.tsx'
import { buttonClass } from './button-class.ts'

/** Of fewer than these everything is seen at a glance. */
export const worthFiltering = 8

interface Props {
  path: string
  /** Something is left out of the list. */
  active: boolean
  /** What its button says. */
  submit?: 'Filter' | 'Search'
  children: ReactNode
}

/** Filters are part of the address, so they survive a reload and can be sent to somebody. */
export function FilterBar({ path, active, submit = 'Filter', children }: Props) {
  return (
    <search>
      <form action={path} method="get" className="mb-4 flex flex-wrap items-end gap-2.5">
        {children}
        <Button type="submit">{submit}</Button>
        {active && (
          <Link href={path} className={buttonClass()}>
            Clear
          </Link>
        )}
      </form>
    </search>
  )
}
