import Link from 'next/link'
import { Banner } from '#components/ui/banner.tsx'
import { Time } from '#components/ui/time.tsx'
import type { NoticesView } from '#lib/notices/schema.ts'

interface Props {
  notices: NoticesView
  putAway: (id: string) => Promise<void>
}

/** What other administrators changed, until this one has put it away. */
export function Notices({ notices: { rows, more }, putAway }: Props) {
  return (
    <>
      {rows.map(({ id, at, actor, title, detail, link }) => (
        <Banner
          key={id}
          tone="news"
          title={title}
          action={
            <form action={putAway.bind(null, id)}>
              <button type="submit" className="underline underline-offset-2">
                Put away<span className="sr-only">: {title}</span>
              </button>
            </form>
          }
        >
          <span className="wrap-anywhere">
            By {actor}, <Time iso={at} />. {detail}
          </span>{' '}
          {link && (
            <Link href={link} className="underline underline-offset-2">
              See what changed
            </Link>
          )}
        </Banner>
      ))}
      {more > 0 && (
        <p className="border-b border-line bg-accent-soft px-8 py-2 text-sm max-md:px-4">
          {more} more {more === 1 ? 'notice' : 'notices'}: put some away to see {more === 1 ? 'it' : 'them'}.
        </p>
      )}
    </>
  )
}
