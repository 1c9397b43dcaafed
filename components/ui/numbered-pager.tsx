import Link from 'next/link'
import { buttonClass } from './button-class.ts'
import { formatNumber } from './format-bytes.ts'
import { pageAddress } from './page-address.ts'

interface Props {
  path: string
  /** What else is in the address, kept from page to page. */
  query: Readonly<Record<string, string | undefined>>
  page: number
  pages: number
}

/** For a list that is sorted by something that stays; for what comes in all the time there is Pager. */
export function NumberedPager({ path, query, page, pages }: Props) {
  if (pages < 2) return null
  const address = (number: number) => pageAddress(path, { ...query, page: String(number) })
  return (
    <nav aria-label="Pages" className="mt-4 flex items-center gap-2.5">
      {page > 1 && (
        <Link href={address(page - 1)} prefetch={false} className={buttonClass()}>
          Back
        </Link>
      )}
      {page < pages && (
        <Link href={address(page + 1)} prefetch={false} className={buttonClass()}>
          More
        </Link>
      )}
      <span className="text-sm text-ink-3">
        Page {formatNumber(page)} of {formatNumber(pages)}
      </span>
    </nav>
  )
}
