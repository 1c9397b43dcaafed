import Link from 'next/link'
import { count, formatBytes } from '#components/ui/format-bytes.ts'
import { Table, Td, Th } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'
import type { ShredRow } from '#lib/shred/schema.ts'
import { Countdown } from './countdown.tsx'
import { ShredStateBadge } from './shred-state-badge.tsx'

export function ShredList({ requests }: { requests: readonly ShredRow[] }) {
  return (
    <div className="card overflow-hidden">
      <Table aria-label="Requests" className="table-fixed">
        <thead>
          <tr>
            <Th>Request</Th>
            <Th className="w-36">State</Th>
            <Th wide className="w-40">
              Due
            </Th>
            <Th wide className="w-56">
              Asked for
            </Th>
          </tr>
        </thead>
        <tbody>
          {requests.map((request) => (
            <tr key={request.id}>
              <Td heads>
                <Link
                  href={`/backups/shred/${request.id}`}
                  prefetch={false}
                  className="line-clamp-2 font-medium wrap-anywhere hover:underline"
                >
                  {request.name}
                </Link>
                <span className="text-sm text-ink-3">
                  {count(request.backups, 'backup')}, {formatBytes(request.bytes)}
                </span>
              </Td>
              <Td>
                <ShredStateBadge state={request.state} />
              </Td>
              <Td wide>
                {request.state === 'waiting' ? <Countdown until={request.dueAt} /> : <Time iso={request.dueAt} />}
              </Td>
              <Td wide>
                <span className="block truncate" title={request.createdBy}>
                  {request.createdBy}
                </span>
                <span className="text-sm text-ink-3">
                  <Time iso={request.createdAt} />
                </span>
              </Td>
            </tr>
          ))}
        </tbody>
      </Table>
    </div>
  )
}
