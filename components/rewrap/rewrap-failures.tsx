import Link from 'next/link'
import { Card } from '#components/ui/card.tsx'
import { count } from '#components/ui/format-bytes.ts'
import type { RewrapFailureRow } from '#lib/rewrap/schema.ts'

/** Backups whose keys could not be exchanged: they are as they were. */
export function RewrapFailures({ failures, total }: { failures: readonly RewrapFailureRow[]; total: number }) {
  if (total === 0) return null
  return (
    <Card
      title={`${count(total, 'backup')} could not be done`}
      hint="They open as before. None of them held up the others; start again for them when the cause is mended."
    >
      <ul className="-my-3 divide-y divide-line">
        {failures.map(({ id, name, cause, fix }) => (
          <li key={id} className="py-3">
            <Link href={`/backups/${id}`} className="link line-clamp-2 wrap-anywhere" title={name}>
              {name}
            </Link>
            <p className="mt-1 text-sm wrap-anywhere text-ink-2">{cause}</p>
            {fix && (
              <p className="mt-1 text-sm wrap-anywhere">
                <strong className="font-medium">What to do:</strong> {fix}
              </p>
            )}
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
