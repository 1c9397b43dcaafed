import type { ReactNode } from 'react'

/**
 * A small drawing of lines, 24 by 24. Drawn here and not by the library of icons, each of whose is a component of the
 * browser: for what tables have in every row.
 */
export function LineIcon({ className, children }: { className: string; children: ReactNode }) {
  return (
    <svg
      aria-hidden="true"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
      className={className}
    >
      {children}
    </svg>
  )
}
