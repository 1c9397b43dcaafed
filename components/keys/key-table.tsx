import Link from 'next/link'
import type { ReactNode } from 'react'
import { count, formatBytes, formatNumber } from '#components/ui/format-bytes.ts'
import { Table, Td, Th } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'
import type { KeyRow } from '#lib/key-holdings/schema.ts'
import { keyHref } from './key-href.ts'
import { KeyPlace, keyIdOf, keyName } from './key-name.tsx'
import { KeyStateNow } from './key-state-badge.tsx'

/** Every key with what hangs on it, one a row. */
export function KeyTable({ rows }: { rows: readonly KeyRow[] }) {
  return (
    <div className="card overflow-hidden">
      <Table aria-label="Keys" className="table-fixed">
        <thead>
          <tr>
            <Th>Key</Th>
            <Th className="w-56 max-md:w-40">State</Th>
            <Th numeric wide className="w-28">
              Backups
            </Th>
            <Th numeric wide className="w-32">
              Lost with it
            </Th>
            <Th wide className="w-36 max-lg:hidden">
              Restore points
            </Th>
            <Th wide className="w-44 max-lg:hidden">
              Needed for
            </Th>
          </tr>
        </thead>
        <tbody>
          {rows.map((key) => (
            <Row key={key.arn} row={key} />
          ))}
        </tbody>
      </Table>
    </div>
  )
}

function Row({ row }: { row: KeyRow }) {
  const { arn, backups, bytes, underWay, lost, oldest, newest } = row
  const name = keyName(row)
  const id = keyIdOf(arn)
  return (
    <tr>
      <Td>
        <Link
          href={keyHref(arn)}
          prefetch={false}
          title={arn}
          className={`line-clamp-2 font-medium wrap-anywhere hover:underline ${name === id ? 'font-mono text-sm' : ''}`}
        >
          {name}
        </Link>
        {name !== id && (
          <code className="block truncate text-sm text-ink-3" title={arn}>
            {id}
          </code>
        )}
        <div className="text-sm text-ink-3">
          <KeyPlace arn={arn} />
        </div>
        {/* What the other columns say, for a screen that has no room for them. */}
        <div className="mt-1 text-sm text-ink-2 md:hidden">
          {backups > 0 ? `${count(backups, 'backup')}, ${formatBytes(bytes)}; ` : 'No backups; '}
          <LostWords row={row} />
        </div>
        <div className="mt-0.5 text-sm text-ink-2 lg:hidden">
          <NeededFor row={row} />
        </div>
      </Td>
      <Td>
        <State row={row} />
      </Td>
      <Td numeric wide>
        {formatNumber(backups)}
        {backups > 0 && <Small>{formatBytes(bytes)}</Small>}
        {underWay > 0 && <Small>{formatNumber(underWay)} under way</Small>}
      </Td>
      <Td numeric wide>
        {lost.backups > 0 ? (
          <>
            <span className="font-medium text-bad">{formatNumber(lost.backups)}</span>
            <Small>{formatBytes(lost.bytes)}</Small>
          </>
        ) : (
          <span className="text-ink-3">None</span>
        )}
      </Td>
      <Td wide className="max-lg:hidden">
        {oldest && newest ? (
          <>
            <Time iso={newest} />
            {oldest !== newest && (
              <Small>
                back to <Time iso={oldest} />
              </Small>
            )}
          </>
        ) : (
          <span className="text-ink-3">–</span>
        )}
      </Td>
      <Td wide className="max-lg:hidden">
        <NeededFor row={row} />
      </Td>
    </tr>
  )
}

const Small = ({ children }: { children: ReactNode }) => <span className="block text-sm text-ink-3">{children}</span>

function State({ row }: { row: KeyRow }) {
  return (
    <>
      <KeyStateNow row={row} />
      {row.health?.checkedAt && (
        <Small>
          checked <Time iso={row.health.checkedAt} />
        </Small>
      )}
    </>
  )
}

function LostWords({ row: { lost } }: { row: KeyRow }) {
  if (lost.backups === 0) return 'nothing lost with it'
  return <span className="font-medium text-bad">{formatNumber(lost.backups)} lost with it</span>
}

/** The first is what matters most. */
function NeededFor({ row }: { row: KeyRow }) {
  const { environment, schedules, seal, backups, underWay } = row
  const uses = [
    environment && (environment.as === 'main' ? 'New backups' : 'New backups, as a further key'),
    schedules > 0 && count(schedules, 'schedule'),
    seal && 'The seal',
  ].filter((use) => typeof use === 'string')
  if (uses.length > 0) return uses.join(', ')
  if (backups > 0 || underWay > 0) return 'Older backups'
  return <span className="text-ink-3">Nothing any more</span>
}
