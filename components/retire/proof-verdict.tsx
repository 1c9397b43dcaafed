import Link from 'next/link'
import { keyHref } from '#components/keys/key-href.ts'
import { Badge } from '#components/ui/badge.tsx'
import { Card } from '#components/ui/card.tsx'
import { formatNumber } from '#components/ui/format-bytes.ts'
import { LongList } from '#components/ui/long-list.tsx'
import { Time } from '#components/ui/time.tsx'
import type { RetireReport } from '#lib/retire/schema.ts'

interface Props {
  report: RetireReport
  /** Nothing needed it then, and by now something does. */
  neededAgain: boolean
}

/** What a proof came to, and what needs the key. */
export function ProofVerdict({ report, neededAgain }: Props) {
  const { safe, needs, needed, at, by } = report
  if (neededAgain) return <NeededAgain report={report} />
  return (
    <Card
      title={safe ? 'Nothing here needs this key' : 'This key is still needed'}
      hint={
        <>
          Proven <Time iso={at} />, asked for by {by}.
        </>
      }
    >
      <Badge tone={safe ? 'ok' : 'bad'}>{safe ? 'Safe to retire' : 'Not safe to retire'}</Badge>
      {needs.length > 0 && (
        <div className="mt-4">
          {needed > needs.length && (
            <p className="mb-2.5 text-ink-2">
              The first {formatNumber(needs.length)} of {formatNumber(needed)} that need it:
            </p>
          )}
          <LongList of="more thing" className="space-y-2.5">
            {needs.map(({ what, why }) => (
              <li key={`${what} ${why}`} className="wrap-anywhere">
                <span className="block font-medium">{what}</span>
                <span className="text-ink-2">{why}</span>
              </li>
            ))}
          </LongList>
        </div>
      )}
    </Card>
  )
}

function NeededAgain({ report: { key, at, by } }: { report: RetireReport }) {
  return (
    <Card
      title="This key is needed again"
      hint={
        <>
          Nothing here needed it <Time iso={at} />, as was proven for {by}.
        </>
      }
    >
      <Badge tone="bad">Not safe to retire any more</Badge>
      <p className="mt-4 text-ink-2">
        Since then the settings or the seal came to use it, or a backup came under it:{' '}
        <Link href={keyHref(key)} className="link">
          what hangs on it
        </Link>{' '}
        says which. Let go of that, then run the proof again.
      </p>
    </Card>
  )
}
