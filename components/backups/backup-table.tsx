'use client'
import Link from 'next/link'
import { formatBytes, formatNumber } from '#components/ui/format-bytes.ts'
import { Path } from '#components/ui/path-text.tsx'
import { Table, Td, Th } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'
import type { BackupRow } from '#lib/backup/schema.ts'
import { ProtectedBy } from './protected-by.tsx'
import { BackupBadge } from './state-badge.tsx'

/** A component of the browser so that its rows are sent to it as they are: see components/keys/key-lines.tsx. */
export function BackupTable({ rows }: { rows: readonly BackupRow[] }) {
  return (
    <div className="card overflow-hidden">
      <Table aria-label="Backups" className="table-fixed">
        <thead>
          <tr>
            <Th>Name</Th>
            <Th className="w-50 max-md:w-40">State</Th>
            <Th numeric wide className="w-26">
              Size
            </Th>
            <Th numeric wide className="w-24 max-xl:hidden">
              Files
            </Th>
            <Th wide className="w-54 max-xl:hidden">
              Key
            </Th>
            <Th wide className="w-36">
              When
            </Th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id} id={`row-${row.id}`}>
              <Td heads>
                <Link
                  href={`/backups/${row.id}`}
                  prefetch={false}
                  className="line-clamp-2 font-medium wrap-anywhere hover:underline"
                >
                  {row.name}
                </Link>
                <Path path={row.source} className="block truncate text-sm text-ink-3" />
                {/* What the other columns say, for a screen that has no room for them. */}
                <div className="mt-1 text-sm text-ink-3 md:hidden">
                  {row.bytes !== null && `${formatBytes(row.bytes)} · `}
                  <Time iso={row.createdAt} />
                </div>
              </Td>
              <Td>
                <BackupBadge backup={row} />
                {row.error && (
                  <p className="mt-1 line-clamp-2 text-sm text-ink-3 wrap-anywhere" title={row.error}>
                    {row.error}
                  </p>
                )}
              </Td>
              <Td numeric wide>
                {row.bytes === null ? '–' : formatBytes(row.bytes)}
              </Td>
              <Td numeric wide className="max-xl:hidden">
                {row.files === null ? '–' : formatNumber(row.files)}
              </Td>
              <Td wide className="max-xl:hidden">
                <ProtectedBy backup={row} />
              </Td>
              <Td wide>
                <Time iso={row.createdAt} />
              </Td>
            </tr>
          ))}
        </tbody>
      </Table>
    </div>
  )
}
