import type { ComponentProps } from 'react'

/**
 * Plain table parts: right-aligned numbers with `numeric`, and columns that a phone leaves out with `wide`. What all cells
 * have is said once, by the table: a page with hundreds of cells is written and read twice, as HTML and by React.
 */
export function Table({ className = '', ...rest }: ComponentProps<'table'>) {
  return <table className={`cells ${className}`} {...rest} />
}

interface CellProps {
  numeric?: boolean
  wide?: boolean
}
const classes = (numeric: boolean | undefined, wide: boolean | undefined, more: string | undefined) =>
  [numeric && 'text-right', wide && 'max-md:hidden', more].filter(Boolean).join(' ') || undefined

export function Th({ numeric, wide, className, ...rest }: ComponentProps<'th'> & CellProps) {
  return <th scope="col" className={classes(numeric, wide, className)} {...rest} />
}

interface TdProps extends CellProps {
  /** Names its row: whoever hears the table going down a column hears it with each cell. */
  heads?: boolean
}

export function Td({ numeric, wide, heads, className, ...rest }: ComponentProps<'td'> & TdProps) {
  const look = classes(numeric, wide, className)
  return heads ? <th scope="row" className={look} {...rest} /> : <td className={look} {...rest} />
}
