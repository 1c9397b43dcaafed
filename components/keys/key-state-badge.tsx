import { Badge, type Tone } from '#components/ui/badge.tsx'
import { count } from '#components/ui/format-bytes.ts'
import type { KeyState, KeyStateNow } from '#lib/rewrap/schema.ts'

const words: Readonly<Record<KeyState, { tone: Tone; text: string }>> = {
  healthy: { tone: 'ok', text: 'Enabled' },
  unreachable: { tone: 'warn', text: 'KMS could not be reached' },
  refused: { tone: 'bad', text: 'DescribeKey was refused' },
  disabled: { tone: 'bad', text: 'Disabled' },
  'pending deletion': { tone: 'bad', text: 'Pending deletion' },
  deleted: { tone: 'bad', text: 'Deleted' },
  'not usable': { tone: 'bad', text: 'Not usable' },
}

export function KeyStateBadge({ now: { state, daysLeft } }: { now: KeyStateNow }) {
  const { tone, text } = words[state]
  return <Badge tone={tone}>{daysLeft === null ? text : `${text}: ${count(daysLeft, 'day')} left`}</Badge>
}
