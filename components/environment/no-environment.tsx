import Link from 'next/link'
import { buttonClass } from '#components/ui/button-class.ts'
import { EmptyState } from '#components/ui/empty-state.tsx'

/** Where nothing can be backed up before the first save. Whoever may not save is told who does. */
export function NoEnvironment({ mayChange }: { mayChange: boolean }) {
  if (!mayChange)
    return (
      <EmptyState title="Nobody has said yet where backups go">
        Backups need a bucket and a key. An administrator sets them in Settings &gt; Backup Environment.
      </EmptyState>
    )
  return (
    <EmptyState
      title="First say where backups go"
      action={
        <Link href="/settings/backup-environment" className={buttonClass({ variant: 'primary' })}>
          Go to settings
        </Link>
      }
    >
      Backups need a bucket and a key. Both are proven to work before they are kept.
    </EmptyState>
  )
}
