'use client'
import { useState } from 'react'
import type { Check } from '#lib/keys/schema.ts'
import { FailedCheck } from './failed-check.tsx'

/** A warning says what there is; why that matters and how to change it, for those who want to know. */
export function WarnedCheck({ check }: { check: Check }) {
  const [open, setOpen] = useState(false)
  return (
    <details className="pb-1" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="mr-4.5 mb-1 ml-[2.75rem] w-fit text-sm text-ink-2">
        Why, and how to change it<span className="sr-only">: {check.title}</span>
      </summary>
      {open && <FailedCheck check={check} toldBefore={false} withDetail={false} />}
    </details>
  )
}
