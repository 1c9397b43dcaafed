import { Arn } from '#components/ui/arn.tsx'
import { Badge } from '#components/ui/badge.tsx'
import type { BackupRow } from '#lib/backup/schema.ts'

/** What opens a backup: the customer's keys, this Vault's own, or nothing because it is not encrypted. */
export function ProtectedBy({ backup, full = false }: { backup: BackupRow; full?: boolean }) {
  if (backup.state === 'shredding' || backup.state === 'shredded')
    return <span className="text-ink-2">Nothing opens it any more</span>
  if (backup.method === 'none') return <Badge tone="warn">Not encrypted</Badge>
  if (backup.method === 'AES-256') return <span className="text-ink-2">AES-256, key of this Vault</span>
  const [first, ...more] = backup.keyArns
  if (first === undefined) return <span className="text-ink-3">–</span>
  if (full) {
    return backup.keyArns.map((arn) => (
      <div key={arn}>
        <Arn arn={arn} full />
      </div>
    ))
  }
  return (
    <>
      <Arn arn={first} />
      {more.length > 0 && <div className="text-sm text-ink-3">or {more.length} more</div>}
    </>
  )
}
