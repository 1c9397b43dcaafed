import Link from 'next/link'
import { formatNumber } from '#components/ui/format-bytes.ts'
import { Table, Td, Th } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'
import type { RewrapRow } from '#lib/rewrap/schema.ts'
import { RewrapStateBadge } from './rewrap-state-badge.tsx'
import { RewrapTitle } from './rewrap-title.tsx'

export function RewrapList({ runs }: { runs: readonly RewrapRow[] }) {
  if (runs.length === 0) return <p className="text-ink-2">There was no re-wrap yet.</p>
  return (
    <div className="card relative overflow-x-auto">
      <Table aria-label="Re-wraps so far">
        <thead>
          <tr>
            <Th>Started</Th>
            <Th wide>Keys</Th>
            <Th numeric>Backups</Th>
            <Th wide>State</Th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.id}>
              <Td heads>
                <Link href={`/keys/rewrap/${run.id}`} className="link">
                  <span className="sr-only">Re-wrap of </span>
                  <Time iso={run.createdAt} />
                </Link>
                <span className="block max-w-40 truncate text-sm text-ink-3" title={run.createdBy}>
                  {run.createdBy}
                </span>
                <span className="mt-1.5 block md:hidden">
                  <RewrapStateBadge run={run} />
                </span>
              </Td>
              <Td wide>
                <RewrapTitle wish={run} />
              </Td>
              <Td numeric className="whitespace-nowrap">
                {formatNumber(run.exchanged)} of {formatNumber(run.total)}
              </Td>
              <Td wide>
                <RewrapStateBadge run={run} />
              </Td>
            </tr>
          ))}
        </tbody>
      </Table>
    </div>
  )
}
