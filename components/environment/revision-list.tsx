import Link from 'next/link'
import { Badge } from '#components/ui/badge.tsx'
import { Time } from '#components/ui/time.tsx'
import type { RevisionRow } from '#lib/environment/schema.ts'
import { ChangeList } from './change-list.tsx'

export function RevisionList({ rows }: { rows: readonly RevisionRow[] }) {
  return (
    <ol className="card divide-y divide-line">
      {rows.map((row) => (
        <li key={row.number} className="px-5.5 py-4 max-sm:px-4">
          <div className="flex flex-wrap items-baseline gap-x-2.5 gap-y-1">
            <h2 className="font-semibold">
              <Link href={`/settings/backup-environment/history/${row.number}`} prefetch={false} className="link">
                Revision {row.number}
              </Link>
            </h2>
            {row.current && <Badge tone="ok">Newest</Badge>}
            {row.warnings > 0 && (
              <Badge tone="warn">{`${row.warnings} ${row.warnings === 1 ? 'warning' : 'warnings'}`}</Badge>
            )}
            <p className="min-w-0 text-sm text-ink-3 wrap-anywhere">
              <Time iso={row.at} /> by {row.by}
              {row.restoredFrom !== null && `, values of revision ${row.restoredFrom}`}
            </p>
          </div>
          <div className="mt-2.5">
            {Object.keys(row.changes).length === 0 ? (
              <p className="text-sm text-ink-3">Saved again without a change.</p>
            ) : (
              <ChangeList changes={row.changes} first={row.number === 1} />
            )}
          </div>
        </li>
      ))}
    </ol>
  )
}
