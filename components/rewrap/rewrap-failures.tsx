import Link from 'next/link'
import { Card } from '#components/ui/card.tsx'
import { count } from '#components/ui/format-bytes.ts'
import { LongList } from '#components/ui/long-list.tsx'
import type { RewrapFailureRow } from '#lib/rewrap/schema.ts'
import { byCause } from './by-cause.ts'

interface Props {
  failures: readonly RewrapFailureRow[]
  total: number
  /** Resuming it takes them up again. */
  paused: boolean
}

/** Backups whose keys could not be exchanged, by cause: they are as they were. */
export function RewrapFailures({ failures, total, paused }: Props) {
  if (total === 0) return null
  return (
    <Card
      title={`${count(total, 'backup')} could not be done`}
      hint={`${total === 1 ? 'It is as it was, and has' : 'They are as they were, and have'} not held up the others. When the cause is mended, ${paused ? 'resume: what is listed is taken up again' : 'start again for what is left'}.`}
    >
      <LongList of="more cause" className="divide-y divide-line">
        {byCause(failures).map(({ cause, fix, backups }) => (
          <li key={`${cause} ${fix}`} className="py-3 first:pt-0 last:pb-0">
            <p className="wrap-anywhere">{cause}</p>
            {fix && (
              <p className="mt-1 wrap-anywhere">
                <strong className="font-medium">What to do:</strong> {fix}
              </p>
            )}
            <div className="mt-2">
              <LongList of="more backup" open={12} className="flex flex-wrap gap-x-4 gap-y-1 text-sm">
                {backups.map(({ id, name }) => (
                  <li key={id} className="max-w-full min-w-0">
                    <Link href={`/backups/${id}`} prefetch={false} className="link block truncate" title={name}>
                      {name}
                    </Link>
                  </li>
                ))}
              </LongList>
            </div>
          </li>
        ))}
      </LongList>
      {total > failures.length && (
        <p className="mt-4 border-t border-line pt-3 text-sm text-ink-3">
          and {count(total - failures.length, 'more', 'more')}
        </p>
      )}
    </Card>
  )
}
