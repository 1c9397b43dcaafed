'use client'
import Link from 'next/link'
import { StateBadge } from '#components/backups/state-badge.tsx'
import { formatBytes } from '#components/ui/format-bytes.ts'
import { Path } from '#components/ui/path-text.tsx'
import { Table, Td, Th } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'
import type { KeyBackup } from '#lib/key-holdings/schema.ts'

interface KeyBackupLine extends Omit<KeyBackup, 'others'> {
  /** `arn` null and no address: AES-256, by a root key of this console. */
  readonly others: readonly {
    readonly arn: string | null
    readonly name: string
    readonly href: string | undefined
    readonly usable: boolean
  }[]
}

/** The table itself, as that of the keys one of the browser: see key-lines.tsx. */
export function KeyBackupLines({ backups }: { backups: readonly KeyBackupLine[] }) {
  return (
    <div className="overflow-hidden rounded-control border border-line">
      <Table aria-label="Backups under this key" className="table-fixed">
        <thead>
          <tr>
            <Th>Name</Th>
            <Th numeric wide className="w-24">
              Size
            </Th>
            <Th className="w-48 max-md:w-36">Another way in</Th>
            <Th wide className="w-32">
              When
            </Th>
          </tr>
        </thead>
        <tbody>
          {backups.map((backup) => (
            <tr key={backup.id}>
              <Td heads>
                <Link
                  href={`/backups/${backup.id}`}
                  prefetch={false}
                  className="line-clamp-2 font-medium wrap-anywhere hover:underline"
                  title={backup.name}
                >
                  {backup.name}
                </Link>
                <Path path={backup.source} className="block truncate text-sm text-ink-3" />
                {backup.state !== 'complete' && (
                  <StateBadge state={backup.state} warnings={0} waitingFor={backup.waitingFor} />
                )}
                <div className="mt-1 text-sm text-ink-3 md:hidden">
                  {backup.bytes !== null && `${formatBytes(backup.bytes)} · `}
                  <Time iso={backup.createdAt} />
                </div>
              </Td>
              <Td numeric wide>
                {backup.bytes === null ? '–' : formatBytes(backup.bytes)}
              </Td>
              <Td>
                <WaysIn others={backup.others} />
              </Td>
              <Td wide>
                <Time iso={backup.createdAt} />
              </Td>
            </tr>
          ))}
        </tbody>
      </Table>
    </div>
  )
}

function WaysIn({ others }: Pick<KeyBackupLine, 'others'>) {
  const works = others.some(({ usable }) => usable)
  return (
    <>
      {!works && <span className="font-medium text-bad">None</span>}
      {others.map(({ arn, name, href, usable }) => (
        <span key={arn ?? 'root-key'} className="block truncate">
          {arn && href ? (
            <Link href={href} prefetch={false} className="link" title={arn}>
              <code>{name}</code>
            </Link>
          ) : (
            name
          )}
          {!usable && <span className="block text-sm text-ink-3">does not work now</span>}
        </span>
      ))}
    </>
  )
}
