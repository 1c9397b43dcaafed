import { Badge } from '#components/ui/badge.tsx'
import { count } from '#components/ui/format-bytes.ts'
import type { BackupRow, BackupState, WaitingFor } from '#lib/backup/schema.ts'

export const stateWords: Readonly<Record<BackupState, string>> = {
  queued: 'Queued',
  running: 'Running',
  waiting: 'Waiting for key',
  complete: 'Complete',
  failed: 'Failed',
  cancelled: 'Cancelled',
  deleting: 'Deleting',
  shredding: 'Shredding',
  shredded: 'Shredded',
}
const tones = {
  queued: 'idle',
  running: 'busy',
  waiting: 'warn',
  complete: 'ok',
  failed: 'bad',
  cancelled: 'idle',
  deleting: 'idle',
  shredding: 'warn',
  shredded: 'idle',
} as const

interface Props {
  state: BackupState
  damaged?: boolean
  /** No key opens it now. */
  locked?: boolean
  warnings?: number
  waitingFor?: WaitingFor | null
}

/** The badge of a backup, with all that its state alone does not say. */
export function BackupBadge({
  backup: { state, damaged, locked, warnings, waitingFor },
}: {
  backup: Pick<BackupRow, 'state' | 'damaged' | 'locked' | 'warnings' | 'waitingFor'>
}) {
  return <StateBadge state={state} damaged={damaged} locked={locked} warnings={warnings} waitingFor={waitingFor} />
}

export function StateBadge({ state, damaged = false, locked = false, warnings = 0, waitingFor }: Props) {
  if (state === 'complete' && damaged) return <Badge tone="bad">Damaged</Badge>
  if (state === 'complete' && locked) return <Badge tone="bad">Cannot be opened</Badge>
  if (state === 'complete' && warnings > 0) return <Badge tone="warn">Complete, {count(warnings, 'warning')}</Badge>
  return (
    <Badge tone={tones[state]}>
      {state === 'waiting' && waitingFor === 'bucket' ? 'Waiting for bucket' : stateWords[state]}
    </Badge>
  )
}
