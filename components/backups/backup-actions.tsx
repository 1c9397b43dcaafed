'use client'
import { useRouter } from 'next/navigation'
import { lazy, Suspense, useId, useState, useTransition } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { unanswered } from '#components/ui/unanswered.ts'
import type { BackupDetail, ChangeResult, Loss, LossResult } from '#lib/backup/schema.ts'
import { isUnderWay } from '#lib/backup/under-way-schema.ts'
import { CancelButton } from './cancel-button.tsx'

// Few people ever see it, so its script comes with the question.
const AlertDialog = lazy(() => import('#components/ui/alert-dialog.tsx'))

interface Props {
  backup: Pick<BackupDetail, 'id' | 'state' | 'toBeShredded'>
  /** Each is undefined for whoever may not. */
  cancel: ((input: { id: string }) => Promise<ChangeResult>) | undefined
  remove:
    | { ask: (input: { id: string }) => Promise<LossResult>; run: (input: { id: string }) => Promise<ChangeResult> }
    | undefined
}

/** What can be done about one backup as a whole: cancel it while it is under way, delete it afterwards. */
export function BackupActions({ backup, cancel, remove }: Props) {
  const router = useRouter()
  const [loss, setLoss] = useState<Loss>()
  const [refusal, setRefusal] = useState<string>()
  const [pending, startTransition] = useTransition()
  const why = useId()
  const { id, state, toBeShredded } = backup
  if (isUnderWay(backup)) return cancel && <CancelButton id={id} what="this backup" then="actions" cancel={cancel} />
  if (!remove || state === 'deleting' || state === 'shredding') return null

  const ask = () =>
    startTransition(async () => {
      const result = await remove.ask({ id }).catch(() => unanswered())
      if (result.status === 'error') return setRefusal(result.message)
      setRefusal(result.loss.refusal ?? undefined)
      if (!result.loss.refusal) setLoss(result.loss)
    })
  const run = () =>
    startTransition(async () => {
      const result = await remove.run({ id }).catch(() => unanswered())
      setLoss(undefined)
      if (result.status === 'error') return setRefusal(result.message)
      router.push('/backups')
    })
  return (
    <div className="flex max-w-96 flex-col items-end gap-2.5 max-md:items-start">
      <Button
        variant="danger"
        size="small"
        onClick={ask}
        busy={pending && !loss ? 'One moment…' : undefined}
        disabled={toBeShredded !== null}
        aria-describedby={toBeShredded === null ? undefined : why}
      >
        Delete…
      </Button>
      {toBeShredded !== null && (
        <p id={why} className="text-right text-sm text-ink-3 max-md:text-left">
          {toBeShredded}
        </p>
      )}
      <Alert>{refusal}</Alert>
      {loss && (
        <Suspense>
          <AlertDialog
            open
            title="Delete this backup?"
            confirm="Delete for good"
            cancel="Keep it"
            busy={pending ? 'Deleting…' : undefined}
            onConfirm={run}
            onCancel={() => setLoss(undefined)}
          >
            {loss.sentences.map((sentence) => (
              <p key={sentence} className="wrap-anywhere">
                {sentence}
              </p>
            ))}
          </AlertDialog>
        </Suspense>
      )}
    </div>
  )
}
