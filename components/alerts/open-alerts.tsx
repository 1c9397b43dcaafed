import Link from 'next/link'
import { Banner } from '#components/ui/banner.tsx'
import { count } from '#components/ui/format-bytes.ts'
import { Time } from '#components/ui/time.tsx'
import type { OpenAlerts as OpenAlertsView } from '#lib/alerts/schema.ts'
import { schedulesPath } from '#lib/schedules/schema.ts'

/** What is wrong with keys and schedules now. It goes by itself when all is well again. */
export function OpenAlerts({ alerts: { rows, moreKeys, moreSchedules } }: { alerts: OpenAlertsView }) {
  return (
    <>
      {rows.map(({ id, path, title, openedAt }) => (
        <Banner
          key={id}
          tone="warn"
          title={title}
          action={
            <Link href={path} className="underline underline-offset-2">
              See why<span className="sr-only">: {title}</span>
            </Link>
          }
        >
          It began <Time iso={openedAt} />.
        </Banner>
      ))}
      {moreKeys + moreSchedules > 0 && (
        <p className="border-b border-line bg-warn-soft px-8 py-2 text-sm text-warn max-md:px-4">
          In trouble besides:{' '}
          {moreKeys > 0 && (
            <Link href="/keys" className="underline underline-offset-2">
              {count(moreKeys, 'more key')}
            </Link>
          )}
          {moreKeys > 0 && moreSchedules > 0 && ', '}
          {moreSchedules > 0 && (
            <Link href={schedulesPath} className="underline underline-offset-2">
              {count(moreSchedules, 'more schedule')}
            </Link>
          )}
        </p>
      )}
    </>
  )
}
