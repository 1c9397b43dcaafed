import { formatNumber } from '#components/ui/format-bytes.ts'
import { Table, Td, Th } from '#components/ui/table.tsx'
import type { KeyCallsView, KmsPurpose } from '#lib/kms-calls/schema.ts'

const words: Readonly<Record<KmsPurpose, string>> = {
  health: 'Health',
  backup: 'Backups',
  restore: 'Restores and downloads',
  verify: 'Verifications',
  browse: 'Looking into backups',
  're-wrap': 'Re-wrap',
  proof: 'Safe to retire',
  check: 'Key checks',
  seal: 'Seal',
  other: 'Other',
}

/** What this console called KMS for with this key, and what that costs. */
export function KeyCalls({ calls: { days, byPurpose, byDay, total, cost } }: { calls: KeyCallsView }) {
  if (total === 0) return <p className="text-ink-2">This console has not called KMS with it in the last {days} days.</p>
  const busiest = byDay.reduce(
    (one, other) => (other.total > one.total ? other : one),
    byDay[0] ?? { day: '', total: 0 },
  )
  return (
    <div className="space-y-3">
      <div className="relative -mx-4 overflow-x-auto max-md:-mx-3">
        <Table aria-label={`Requests in the last ${days} days, by purpose`}>
          <thead>
            <tr>
              <Th>For</Th>
              <Th numeric wide>
                Encrypt
              </Th>
              <Th numeric wide>
                Decrypt
              </Th>
              <Th numeric wide>
                DescribeKey
              </Th>
              <Th numeric wide>
                Other
              </Th>
              <Th numeric>Requests</Th>
            </tr>
          </thead>
          <tbody>
            {byPurpose.map(({ purpose, encrypt, decrypt, describe, other, total }) => (
              <tr key={purpose}>
                <Td heads>{words[purpose]}</Td>
                <Td numeric wide>
                  {formatNumber(encrypt)}
                </Td>
                <Td numeric wide>
                  {formatNumber(decrypt)}
                </Td>
                <Td numeric wide>
                  {formatNumber(describe)}
                </Td>
                <Td numeric wide>
                  {formatNumber(other)}
                </Td>
                <Td numeric>{formatNumber(total)}</Td>
              </tr>
            ))}
            {byPurpose.length > 1 && (
              <tr className="font-medium">
                <Td heads>All</Td>
                <Td numeric wide />
                <Td numeric wide />
                <Td numeric wide />
                <Td numeric wide />
                <Td numeric>{formatNumber(total)}</Td>
              </tr>
            )}
          </tbody>
        </Table>
      </div>
      <p className="text-sm text-ink-2">
        The last {days} days; the most on one day: {formatNumber(busiest.total)} on {busiest.day}. Requests like these
        cost {dollars(cost.requestsPerMonth)} a month, and the key itself {dollars(cost.keyPerMonth)}.
      </p>
      <p className="text-sm text-ink-3">
        An estimate by AWS’s list price ($0.03 for 10,000 requests); the free tier, discounts and whoever else uses the
        key are not counted.
      </p>
    </div>
  )
}

const dollars = (amount: number) =>
  amount > 0 && amount < 0.01 ? 'less than $0.01' : `about $${formatNumber(amount, 2)}`
