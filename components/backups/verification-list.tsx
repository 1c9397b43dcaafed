import { Badge } from '#components/ui/badge.tsx'
import { count, formatBytes, formatNumber } from '#components/ui/format-bytes.ts'
import { LongList } from '#components/ui/long-list.tsx'
import { Time } from '#components/ui/time.tsx'
import { damageAdvice, type VerificationRow } from '#lib/backup/schema.ts'
import { isUnderWay } from '#lib/backup/under-way-schema.ts'
import { LiveProgress } from './live-progress.tsx'

const words = { quick: 'Quick', full: 'Full' } as const

export function VerificationList({ verifications }: { verifications: readonly VerificationRow[] }) {
  return (
    <ul className="space-y-3" aria-label="Verifications">
      {verifications.map((one) => (
        <li key={one.id}>
          {isUnderWay(one) ? (
            <LiveProgress
              name={`verification:${one.id}`}
              label={`${words[one.depth]} verification`}
              state={one.state}
              title={<span className="font-medium">{words[one.depth]}</span>}
            />
          ) : (
            <Ended verification={one} />
          )}
        </li>
      ))}
    </ul>
  )
}

function Ended({ verification }: { verification: VerificationRow }) {
  const { depth, state, error, problems, problemCount, objects, bytes, createdAt, createdBy, finishedAt } = verification
  return (
    <div className="rounded-control border border-line px-4 py-3">
      <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
        <span className="font-medium">{words[depth]}</span>
        {state !== 'complete' ? (
          <Badge tone="warn">Could not be verified</Badge>
        ) : problemCount > 0 ? (
          <Badge tone="bad">Damaged, {count(problemCount, 'problem')}</Badge>
        ) : (
          <Badge tone="ok">Whole</Badge>
        )}
      </div>
      <p className="mt-1 text-sm text-ink-3 tabular-nums wrap-anywhere">
        {objects !== null && `${count(objects, 'object')}, `}
        {bytes !== null && `${formatBytes(bytes)} unpacked, `}
        <Time iso={finishedAt ?? createdAt} /> by {createdBy}
      </p>
      {error && (
        <p className="mt-1.5 text-sm wrap-anywhere">
          {error} <span className="text-ink-2">This says nothing of the backup: verify it again afterwards.</span>
        </p>
      )}
      {problems.length > 0 && (
        <div className="mt-2.5">
          {problemCount > problems.length && (
            <p className="mb-1.5 text-sm text-ink-2">
              The first {formatNumber(problems.length)} of {formatNumber(problemCount)}:
            </p>
          )}
          <LongList of="more problem" className="divide-y divide-line rounded-control border border-line">
            {problems.map(({ object, message }) => (
              <li key={`${object} ${message}`} className="px-3 py-2">
                <code className="wrap-anywhere">{object}</code>
                <p className="text-sm text-ink-2 wrap-anywhere">{message}</p>
              </li>
            ))}
          </LongList>
        </div>
      )}
      {problemCount > 0 && <p className="mt-2.5 text-sm text-ink-2">{damageAdvice}</p>}
    </div>
  )
}
