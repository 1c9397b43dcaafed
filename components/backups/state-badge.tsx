import { Badge } from '#components/ui/badge.tsx'
import { count } from '#components/ui/format-bytes.ts'
import type { BackupState } from '#lib/backup/schema.ts'

export const stateWords: Readonly<Record<BackupState, string>> = {
  queued: 'Queued',
  running: 'Running',
  waiting: 'Waiting for key',
  complete: 'Complete',
  failed: 'Failed',
  cancelled: 'Cancelled',
  deleting: 'Deleting',
}
const tones = {
  queued: 'idle',
  running: 'busy',
  waiting: 'warn',
  complete: 'ok',
  failed: 'bad',
  cancelled: 'idle',
  deleting: 'idle',
} as const

export function StateBadge({ state, warnings = 0 }: { state: BackupState; warnings?: number }) {
  if (state === 'complete' && warnings > 0) return <Badge tone="warn">Complete, {count(warnings, 'warning')}</Badge>
  return <Badge tone={tones[state]}>{stateWords[state]}</Badge>
}
