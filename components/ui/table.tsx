import type { ComponentProps } from 'react'

/** Plain table parts: right-aligned numbers with `numeric`, and columns that a phone leaves out with `wide`. */
export function Table({ className = '', ...rest }: ComponentProps<'table'>) {
  return <table className={`w-full border-collapse tabular-nums ${className}`} {...rest} />
}

interface CellProps {
  numeric?: boolean
  wide?: boolean
}
const shared = ({ numeric, wide }: CellProps) =>
  `${numeric ? 'text-right' : 'text-left'} ${wide ? 'max-md:hidden' : ''}`

export function Th({ numeric, wide, className = '', ...rest }: ComponentProps<'th'> & CellProps) {
  return (
    <th
      scope="col"
      className={`border-b border-line px-4 py-2.5 max-md:px-3 text-xs font-medium whitespace-nowrap text-ink-3 ${shared({ numeric, wide })} ${className}`}
      {...rest}
    />
  )
}

export function Td({ numeric, wide, className = '', ...rest }: ComponentProps<'td'> & CellProps) {
  return (
    <td
      className={`border-b border-line px-4 py-3 max-md:px-3 align-top in-[tr:last-child]:border-b-0 ${shared({ numeric, wide })} ${className}`}
      {...rest}
    />
  )
}
