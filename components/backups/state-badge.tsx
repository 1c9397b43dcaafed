import { Badge } from '#components/ui/badge.tsx'
import { count } from '#components/ui/format-bytes.ts'
import type { BackupState } from '#lib/backup/schema.ts'

export function StateBadge({ state, warnings = 0 }: { state: BackupState; warnings?: number }) {
  if (state === 'queued') return <Badge tone="idle">Queued</Badge>
  if (state === 'running') return <Badge tone="busy">Running</Badge>
  if (state === 'waiting') return <Badge tone="warn">Waiting for key</Badge>
  if (state === 'cancelled') return <Badge tone="idle">Cancelled</Badge>
  if (state === 'deleting') return <Badge tone="idle">Deleting</Badge>
  if (state === 'failed') return <Badge tone="bad">Failed</Badge>
  if (warnings > 0) return <Badge tone="warn">Complete, {count(warnings, 'warning')}</Badge>
  return <Badge tone="ok">Complete</Badge>
}
