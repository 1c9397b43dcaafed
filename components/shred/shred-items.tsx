import Link from 'next/link'
import { formatBytes } from '#components/ui/format-bytes.ts'
import { Path } from '#components/ui/path-text.tsx'
import { Table, Td, Th } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'
import type { ShredItemRow } from '#lib/shred/schema.ts'
import { ShredItemBadge } from './shred-state-badge.tsx'

export function ShredItems({ items }: { items: readonly ShredItemRow[] }) {
  return (
    <div className="card overflow-hidden">
      <Table aria-label="Backups" className="table-fixed">
        <thead>
          <tr>
            <Th>Backup</Th>
            <Th className="w-40 max-md:w-32">State</Th>
            <Th numeric wide className="w-28">
              Size
            </Th>
            <Th wide className="w-36">
              Made
            </Th>
          </tr>
        </thead>
        <tbody>
          {items.map((item, index) => (
            <tr key={item.backupId}>
              <Td heads>
                <Link
                  href={`/backups/${item.backupId}`}
                  prefetch={false}
                  className="line-clamp-2 font-medium wrap-anywhere hover:underline"
                >
                  {item.name}
                </Link>
                <Path path={item.source} className="block truncate text-sm text-ink-3" />
                {item.error && (
                  <p className="mt-1 text-sm text-ink-2 wrap-anywhere">
                    {item.error === items[index - 1]?.error ? 'For the same reason as the one above.' : item.error}
                  </p>
                )}
              </Td>
              <Td>
                <ShredItemBadge state={item.state} error={item.error} />
                {item.destroyedAt && (
                  <span className="mt-1 block text-sm text-ink-3">
                    <Time iso={item.destroyedAt} />
                  </span>
                )}
              </Td>
              <Td numeric wide>
                {item.bytes === null ? '–' : formatBytes(item.bytes)}
              </Td>
              <Td wide>
                <Time iso={item.backupAt} />
              </Td>
            </tr>
          ))}
        </tbody>
      </Table>
    </div>
  )
}
