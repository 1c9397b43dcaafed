import Link from 'next/link'
import { buttonClass } from './button-class.ts'
import { pageAddress } from './page-address.ts'

interface Props {
  path: string
  /** What else is in the address, kept from page to page. */
  query: Readonly<Record<string, string | undefined>>
  /** Not on the first page. */
  paged: boolean
  /** The key that the next page goes on from; null at the end. */
  next: string | null
  /** What that key is called in the address: newest first, a list goes on with what was before. */
  by?: 'before' | 'after'
}

const words = { before: ['Newest', 'Older'], after: ['First', 'More'] } as const

/** Pages by the key of the last row, so that what is new never shifts what is being read. */
export function Pager({ path, query, paged, next, by = 'before' }: Props) {
  if (!paged && next === null) return null
  const [first, further] = words[by]
  return (
    <nav aria-label="Pages" className="mt-4 flex gap-2.5">
      {paged && (
        <Link href={pageAddress(path, query)} prefetch={false} className={buttonClass()}>
          {first}
        </Link>
      )}
      {next !== null && (
        <Link href={pageAddress(path, { ...query, [by]: next })} prefetch={false} className={buttonClass()}>
          {further}
        </Link>
      )}
    </nav>
  )
}
