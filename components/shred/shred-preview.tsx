import { Card } from '#components/ui/card.tsx'
import { count, formatBytes, formatNumber } from '#components/ui/format-bytes.ts'
import { LongList } from '#components/ui/long-list.tsx'
import { Path } from '#components/ui/path-text.tsx'
import { Table, Td, Th } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'
import type { ShredPreview as Preview } from '#lib/shred/schema.ts'

/** Exactly what would be lost, and what would not. */
export function ShredPreview({ preview }: { preview: Preview }) {
  const { backups, count: all, bytes, lastOf, lastOfCount, leftOut, leftOutCount } = preview
  return (
    <div className="space-y-4">
      <Card
        title={`${count(all, 'backup')}, ${formatBytes(bytes)}`}
        hint="Nobody would ever read them again: with no key, no copy of this console, no recovery kit."
      >
        {lastOf.length > 0 && (
          <div className="mb-4 rounded-control border border-warn bg-warn-soft px-3 py-2 text-warn">
            <p>No restore point would be left of</p>
            <LongList of="more source" className="list-disc pl-5">
              {lastOf.map(({ source, host }) => (
                <li key={`${host} ${source}`} className="wrap-anywhere">
                  <Path path={source} className="line-clamp-3" />
                  {host && ` on ${host}`}
                </li>
              ))}
            </LongList>
            {lastOfCount > lastOf.length && <p>and of {formatNumber(lastOfCount - lastOf.length)} more.</p>}
          </div>
        )}
        {/* Scrolled by itself, so that what asks for it is not 500 rows below; with the keys, too. */}
        <section
          aria-label="Backups that would be lost"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is reached with the keys
          tabIndex={0}
          className="max-h-[70dvh] overflow-y-auto rounded-control border border-line"
        >
          <Table className="table-fixed">
            <thead>
              <tr>
                <Th>Name</Th>
                <Th numeric wide className="w-28">
                  Size
                </Th>
                <Th className="w-32">When</Th>
              </tr>
            </thead>
            <tbody>
              {backups.map((row) => (
                <tr key={row.id}>
                  <Td heads>
                    <span className="line-clamp-2 font-medium wrap-anywhere">{row.name}</span>
                    <Path path={row.source} className="block truncate text-sm text-ink-3" />
                  </Td>
                  <Td numeric wide>
                    {row.bytes === null ? '–' : formatBytes(row.bytes)}
                  </Td>
                  <Td>
                    <Time iso={row.createdAt} />
                  </Td>
                </tr>
              ))}
            </tbody>
          </Table>
        </section>
        {all > backups.length && (
          <p className="mt-2 text-sm text-ink-3">
            And {formatNumber(all - backups.length)} older ones. <code>byok backup shred start --dry-run --json</code>{' '}
            counts them with the same rule.
          </p>
        )}
      </Card>
      {leftOutCount > 0 && (
        <Card title={`Left out: ${formatNumber(leftOutCount)}`}>
          {leftOutCount > leftOut.length && (
            <p className="mb-2 text-sm text-ink-2">
              The first {formatNumber(leftOut.length)} of {formatNumber(leftOutCount)}:
            </p>
          )}
          <LongList of="more backup" className="space-y-1.5 text-sm">
            {leftOut.map(({ id, name, why }) => (
              <li key={id} className="wrap-anywhere">
                <span className="font-medium">{name.slice(0, 200)}</span>: <span className="text-ink-2">{why}</span>
              </li>
            ))}
          </LongList>
        </Card>
      )}
    </div>
  )
}
