import { Time } from '#components/ui/time.tsx'
import type { KeyEventRow } from '#lib/key-health/schema.ts'
import { dependentsWords } from './dependents-words.ts'
import { KeyStateBadge } from './key-state-badge.tsx'

/** Changes of a key's state, each with its cause and with what depended on the key then. */
export function KeyEvents({ events }: { events: readonly KeyEventRow[] }) {
  if (events.length === 0) return <p className="text-ink-2">Its state has never changed since it is watched.</p>
  return (
    <ol className="space-y-4">
      {events.map(({ id, at, from, to, diagnosis, dependents }) => (
        <li key={id} className="space-y-1">
          <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <KeyStateBadge health={{ state: to, daysLeft: null }} />
            <span className="text-sm text-ink-3">
              was {from}, <Time iso={at} />
            </span>
          </div>
          {diagnosis && (
            <p className="text-sm wrap-anywhere text-ink-2">
              <span className="text-ink">{diagnosis.title}.</span> {diagnosis.cause}
            </p>
          )}
          <p className="text-sm text-ink-3">Then depending on it: {dependentsWords(dependents)}</p>
        </li>
      ))}
    </ol>
  )
}
