import Link from 'next/link'
import { keyHref } from '#components/keys/key-href.ts'
import { Banner } from '#components/ui/banner.tsx'
import { count } from '#components/ui/format-bytes.ts'
import { Time } from '#components/ui/time.tsx'
import type { OpenAlert } from '#lib/alerts/schema.ts'

const shown = 2

/** What is wrong with keys now. It goes by itself when all is well again. */
export function OpenAlerts({ alerts }: { alerts: readonly OpenAlert[] }) {
  return (
    <>
      {alerts.slice(0, shown).map(({ id, arn, title, openedAt }) => (
        <Banner
          key={id}
          tone="warn"
          title={title}
          action={
            <Link href={keyHref(arn)} className="underline underline-offset-2">
              See why<span className="sr-only">: {title}</span>
            </Link>
          }
        >
          Since <Time iso={openedAt} />.
        </Banner>
      ))}
      {alerts.length > shown && (
        <p className="border-b border-line bg-warn-soft px-8 py-2 text-sm text-warn max-md:px-4">
          {count(alerts.length - shown, 'more key')} in trouble:{' '}
          <Link href="/keys" className="underline underline-offset-2">
            see all keys
          </Link>
        </p>
      )}
    </>
  )
}
