import { Badge } from '#components/ui/badge.tsx'
import { Card } from '#components/ui/card.tsx'
import { Time } from '#components/ui/time.tsx'
import type { SealPageView } from '#lib/seal/schema.ts'

/** When the seal’s key stopped answering, and when it answered again. */
export function SealEvents({ events }: Pick<SealPageView, 'events'>) {
  return (
    <Card
      title="Health"
      hint="The key is tried every ten minutes, and every minute while it is in trouble. Changes only:"
    >
      {events.length === 0 ? (
        <p className="text-ink-2">It has always answered.</p>
      ) : (
        <ul className="space-y-2.5">
          {events.map(({ at, healthy, message }) => (
            <li key={at} className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
              <Badge tone={healthy ? 'ok' : 'bad'}>{healthy ? 'Answers again' : 'Does not answer'}</Badge>
              <Time iso={at} />
              {message && <span className="w-full text-sm wrap-anywhere text-ink-2">{message}</span>}
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}
