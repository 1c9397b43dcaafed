import Link from 'next/link'
import { buttonClass } from './button-class.ts'

interface Props {
  path: string
  /** What else is in the address, kept from page to page. */
  query: Readonly<Record<string, string | undefined>>
  /** Not on the first page. */
  paged: boolean
  nextBefore: string | null
}

/** Pages by the key of the last row, so that what is new never shifts what is being read. */
export function Pager({ path, query, paged, nextBefore }: Props) {
  const address = (before?: string) => {
    const params = new URLSearchParams()
    for (const [name, value] of Object.entries({ ...query, before })) if (value) params.set(name, value)
    const text = params.toString()
    return text ? `${path}?${text}` : path
  }
  if (!paged && nextBefore === null) return null
  return (
    <nav aria-label="Pages" className="mt-4 flex gap-2.5">
      {paged && (
        <Link href={address()} prefetch={false} className={buttonClass()}>
          Newest
        </Link>
      )}
      {nextBefore !== null && (
        <Link href={address(nextBefore)} prefetch={false} className={buttonClass()}>
          Older
        </Link>
      )}
    </nav>
  )
}
