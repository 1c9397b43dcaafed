import type { Metadata } from 'next'
import { Suspense } from 'react'
import { loadKeyState, loadKeys } from '#app/_lib/load.ts'
import { requireUser } from '#app/_lib/session.ts'
import { KeyCard } from '#components/keys/key-card.tsx'
import { KeyStateBadge } from '#components/keys/key-state-badge.tsx'
import { Badge } from '#components/ui/badge.tsx'
import { buttonClass } from '#components/ui/button-class.ts'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { PageHeader } from '#components/ui/page-header.tsx'

export const metadata: Metadata = { title: 'Keys' }

export default async function KeysPage() {
  await requireUser('backup.read')
  const keys = await loadKeys()
  return (
    <>
      <PageHeader
        title="Keys"
        lede="Every KMS key that a backup or the saved environment names, and what would be lost with it."
      />
      {keys.length === 0 ? (
        <EmptyState
          title="No key yet"
          action={
            <a className={buttonClass({ variant: 'primary' })} href="/settings/backup-environment">
              Choose a key
            </a>
          }
        >
          As soon as a Backup Environment with a KMS key is saved, its key stands here.
        </EmptyState>
      ) : (
        <div className="space-y-5">
          {keys.map((key) => (
            <KeyCard
              key={key.arn}
              holding={key}
              state={
                <Suspense fallback={<Badge tone="busy">Asking KMS</Badge>}>
                  <StateNow arn={key.arn} />
                </Suspense>
              }
            />
          ))}
        </div>
      )}
    </>
  )
}

async function StateNow({ arn }: { arn: string }) {
  return <KeyStateBadge now={await loadKeyState(arn)} />
}
