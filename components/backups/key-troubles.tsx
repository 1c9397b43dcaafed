import Link from 'next/link'
import { KeyStateBadge } from '#components/keys/key-state-badge.tsx'
import { Card } from '#components/ui/card.tsx'
import { shortenArn } from '#components/ui/shorten-arn.ts'
import { Time } from '#components/ui/time.tsx'
import type { BackupDetail } from '#lib/backup/schema.ts'
import { keyPath } from '#lib/key-holdings/schema.ts'

/** Keys of a backup that open nothing now: what the watch found last of each, why, and the fix. Nothing while all is well. */
export function KeyTroubles({ backup: { locked, keyTroubles } }: { backup: BackupDetail }) {
  if (keyTroubles.length === 0) return null
  return (
    <Card
      title={locked ? 'No key opens this backup now' : 'A key of this backup opens nothing now'}
      hint={
        locked
          ? 'Nothing can be restored from it until one of its keys works again.'
          : 'Another of its keys may open it: nothing is known to be wrong with that one.'
      }
    >
      <ul className="space-y-5">
        {keyTroubles.map(({ arn, state, checkedAt, diagnosis }) => (
          <li key={arn} className="space-y-2 wrap-anywhere">
            <p className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
              <Link href={keyPath(arn)} prefetch={false} className="link">
                <code title={arn}>{shortenArn(arn)}</code>
              </Link>
              <KeyStateBadge health={{ state, daysLeft: null }} />
              {checkedAt && (
                <span className="text-sm text-ink-3">
                  tried <Time iso={checkedAt} />
                </span>
              )}
            </p>
            {diagnosis && (
              <dl className="space-y-2 text-sm">
                <div>
                  <dt className="text-xs text-ink-3">What happened</dt>
                  <dd>
                    {diagnosis.title}. {diagnosis.detail}
                  </dd>
                </div>
                <div>
                  <dt className="text-xs text-ink-3">Cause</dt>
                  <dd>{diagnosis.cause}</dd>
                </div>
                <div>
                  <dt className="text-xs text-ink-3">To mend it</dt>
                  <dd>
                    {diagnosis.fix}
                    {diagnosis.remedies?.length ? ' The key’s page has it to copy.' : ''}
                  </dd>
                </div>
              </dl>
            )}
          </li>
        ))}
      </ul>
    </Card>
  )
}
