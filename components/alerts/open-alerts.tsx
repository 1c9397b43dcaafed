import Link from 'next/link'
import { Banner } from '#components/ui/banner.tsx'
import { count } from '#components/ui/format-bytes.ts'
import { Time } from '#components/ui/time.tsx'
import type { OpenAlert } from '#lib/alerts/schema.ts'
import { schedulesPath } from '#lib/schedules/schema.ts'

const shown = 2

/** What is wrong with keys and schedules now. It goes by itself when all is well again. */
export function OpenAlerts({ alerts }: { alerts: readonly OpenAlert[] }) {
  const others = alerts.slice(shown)
  const keys = others.filter((alert) => alert.of === 'key').length
  const schedules = others.length - keys
  return (
    <>
      {alerts.slice(0, shown).map(({ id, path, title, openedAt }) => (
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
      {others.length > 0 && (
        <p className="border-b border-line bg-warn-soft px-8 py-2 text-sm text-warn max-md:px-4">
          In trouble besides:{' '}
          {keys > 0 && (
            <Link href="/keys" className="underline underline-offset-2">
              {count(keys, 'more key')}
            </Link>
          )}
          {keys > 0 && schedules > 0 && ', '}
          {schedules > 0 && (
            <Link href={schedulesPath} className="underline underline-offset-2">
              {count(schedules, 'more schedule')}
            </Link>
          )}
        </p>
      )}
    </>
  )
}
