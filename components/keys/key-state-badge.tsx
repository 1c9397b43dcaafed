import { Badge, type Tone } from '#components/ui/badge.tsx'
import { count } from '#components/ui/format-bytes.ts'
import type { KeyHealth, KeyState } from '#lib/key-health/schema.ts'
import { isWatched, type KeyRow } from '#lib/key-holdings/schema.ts'

const words: Readonly<Record<KeyState, { tone: Tone; text: string }>> = {
  healthy: { tone: 'ok', text: 'Healthy' },
  degraded: { tone: 'warn', text: 'Degraded' },
  unreachable: { tone: 'warn', text: 'Unreachable' },
  refused: { tone: 'bad', text: 'Refused' },
  disabled: { tone: 'bad', text: 'Disabled' },
  'pending deletion': { tone: 'bad', text: 'Pending deletion' },
  deleted: { tone: 'bad', text: 'Deleted' },
}

export function KeyStateBadge({ health }: { health: Pick<KeyHealth, 'state' | 'daysLeft'> }) {
  const { tone, text } = words[health.state]
  return <Badge tone={tone}>{health.daysLeft === null ? text : `${text}: ${count(health.daysLeft, 'day')} left`}</Badge>
}

/** The same, and a word for a key that the watch has not tried yet, or does not watch. */
export function KeyStateNow({ row }: { row: KeyRow }) {
  const { health } = row
  if (!isWatched(row)) return <span className="text-ink-3">{row.seal ? 'Watched by the seal' : 'Not watched'}</span>
  if (health === null || (health.checkedAt === null && health.decryptProvenAt === null))
    return <Badge tone="idle">Not checked yet</Badge>
  return <KeyStateBadge health={health} />
}
