import Link from 'next/link'
import { Card } from '#components/ui/card.tsx'
import { count } from '#components/ui/format-bytes.ts'
import type { RewrapFailureRow } from '#lib/rewrap/schema.ts'

/** Backups whose keys could not be exchanged, by cause: they are as they were. */
export function RewrapFailures({ failures, total }: { failures: readonly RewrapFailureRow[]; total: number }) {
  if (total === 0) return null
  const causes = Map.groupBy(failures, ({ cause, fix }) => JSON.stringify([cause, fix]))
  return (
    <Card
      title={`${count(total, 'backup')} could not be done`}
      hint="They open as before. None of them held up the others; start again for them when the cause is mended."
    >
      <ul className="-my-3 divide-y divide-line">
        {[...causes].map(([key, alike]) => (
          <li key={key} className="py-3">
            <p className="wrap-anywhere">{alike[0]?.cause}</p>
            {alike[0]?.fix && (
              <p className="mt-1 wrap-anywhere">
                <strong className="font-medium">What to do:</strong> {alike[0].fix}
              </p>
            )}
            <ul className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-sm">
              {alike.map(({ id, name }) => (
                <li key={id} className="max-w-full min-w-0">
                  <Link href={`/backups/${id}`} prefetch={false} className="link block truncate" title={name}>
                    {name}
                  </Link>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
      {total > failures.length && (
        <p className="mt-4 border-t border-line pt-3 text-sm text-ink-3">
          and {count(total - failures.length, 'more', 'more')}
        </p>
      )}
    </Card>
  )
}
