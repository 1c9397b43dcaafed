import { Badge, type Tone } from '#components/ui/badge.tsx'
import { count } from '#components/ui/format-bytes.ts'
import type { RewrapRow, RewrapState } from '#lib/rewrap/schema.ts'

const looks: Readonly<Record<RewrapState, { tone: Tone; word: string }>> = {
  queued: { tone: 'idle', word: 'Queued' },
  running: { tone: 'busy', word: 'Running' },
  paused: { tone: 'warn', word: 'Paused' },
  waiting: { tone: 'warn', word: 'Waiting for key' },
  complete: { tone: 'ok', word: 'Complete' },
  failed: { tone: 'bad', word: 'Failed' },
  cancelled: { tone: 'idle', word: 'Cancelled' },
}

export function RewrapStateBadge({ run }: { run: Pick<RewrapRow, 'state' | 'wish' | 'waitingFor' | 'failed'> }) {
  const { state, wish, waitingFor, failed } = run
  const { tone, word } = looks[state]
  if (state === 'complete' && failed > 0) return <Badge tone="warn">Complete, {count(failed, 'failure')}</Badge>
  if (wish !== null) return <Badge tone="busy">{wish === 'pause' ? 'Pausing' : 'Cancelling'}</Badge>
  return <Badge tone={tone}>{state === 'waiting' && waitingFor === 'bucket' ? 'Waiting for bucket' : word}</Badge>
}
