import { Badge, type Tone } from '#components/ui/badge.tsx'
import { Time } from '#components/ui/time.tsx'
import type { DeliveryRow } from '#lib/alerts/schema.ts'

const states: Readonly<Record<DeliveryRow['state'], { tone: Tone; word: string }>> = {
  queued: { tone: 'busy', word: 'On its way' },
  sent: { tone: 'ok', word: 'Sent' },
  failed: { tone: 'bad', word: 'Not sent' },
}

export function DeliveryList({ deliveries }: { deliveries: readonly DeliveryRow[] }) {
  if (deliveries.length === 0) return <p className="text-ink-2">None so far.</p>
  return (
    <ul className="divide-y divide-line">
      {deliveries.map(({ id, createdAt, channel, title, state, tries, nextTryAt, lastError }) => {
        const { tone, word } =
          state === 'queued' && tries > 0 ? { tone: 'warn' as const, word: 'Tried again' } : states[state]
        return (
          <li key={id} className="space-y-1 py-2.5 first:pt-0 last:pb-0">
            <div className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
              <Badge tone={tone}>{word}</Badge>
              <span className="min-w-0 flex-[1_1_14rem] wrap-anywhere">{title}</span>
              <span className="text-sm text-ink-3">
                by {channel}, <Time iso={createdAt} />
              </span>
            </div>
            {lastError && (
              <p className="text-sm wrap-anywhere text-ink-2">
                {tries > 1 && `After ${tries} tries: `}
                {lastError}
                {nextTryAt && (
                  <>
                    {' '}
                    Next try at <time dateTime={nextTryAt}>{nextTryAt.slice(11, 16)} UTC</time>.
                  </>
                )}
              </p>
            )}
          </li>
        )
      })}
    </ul>
  )
}
