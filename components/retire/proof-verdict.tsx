import { Badge } from '#components/ui/badge.tsx'
import { Card } from '#components/ui/card.tsx'
import { formatNumber } from '#components/ui/format-bytes.ts'
import { Time } from '#components/ui/time.tsx'
import type { RetireReport } from '#lib/retire/schema.ts'

/** What a proof came to, and what needs the key. */
export function ProofVerdict({ report }: { report: RetireReport }) {
  const { safe, needs, needed, at, by } = report
  return (
    <Card
      title={safe ? 'Nothing here needs this key' : 'This key is still needed'}
      hint={
        <>
          Proven <Time iso={at} /> for {by}.
        </>
      }
    >
      <Badge tone={safe ? 'ok' : 'bad'}>{safe ? 'Safe to retire' : 'Not safe to retire'}</Badge>
      {needs.length > 0 && (
        <ul className="mt-4 space-y-2.5">
          {needs.map(({ what, why }) => (
            <li key={`${what} ${why}`} className="wrap-anywhere">
              <span className="block font-medium">{what}</span>
              <span className="text-ink-2">{why}</span>
            </li>
          ))}
        </ul>
      )}
      {needed > needs.length && <p className="mt-2.5 text-ink-2">And {formatNumber(needed - needs.length)} more.</p>}
    </Card>
  )
}
