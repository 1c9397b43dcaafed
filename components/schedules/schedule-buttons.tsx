'use client'
import { useRouter } from 'next/navigation'
import { lazy, Suspense, useState, useTransition } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { PassFocusOn } from '#components/ui/pass-focus-on.tsx'
import { unanswered } from '#components/ui/unanswered.ts'
import type { ChangeScheduleInput, ScheduleResult, ScheduleRow } from '#lib/schedules/schema.ts'

// Few people ever see it, so its script comes with the question.
const AlertDialog = lazy(() => import('#components/ui/alert-dialog.tsx'))

export type ChangeSchedule = (input: ChangeScheduleInput) => Promise<ScheduleResult>

interface Props {
  schedule: Pick<ScheduleRow, 'id' | 'name' | 'enabled' | 'kept'>
  /** Its time has come, and no worker has begun yet. */
  isDue: boolean
  /** The ID of what stands beside it when it is removed, for the focus. */
  then: string | undefined
  change: ChangeSchedule
}

export function ScheduleButtons({ schedule, isDue, then, change }: Props) {
  const router = useRouter()
  const [asking, setAsking] = useState(false)
  const [refusal, setRefusal] = useState<string>()
  const [started, setStarted] = useState(false)
  const [pending, startTransition] = useTransition()
  const { id, name, enabled, kept } = schedule
  const run = (what: ChangeScheduleInput['change']) =>
    startTransition(async () => {
      const result = await change({ id, change: what }).catch(() => unanswered())
      setRefusal(result.status === 'error' ? result.message : undefined)
      setStarted(what === 'run' && result.status === 'success')
      setAsking(false)
      router.refresh()
    })
  const turn = enabled ? 'Pause' : 'Resume'
  return (
    <PassFocusOn to={then} className="flex flex-col items-end gap-2.5 max-md:items-start md:min-w-42">
      <div className="flex flex-wrap gap-2.5">
        {enabled && (
          <Button size="small" aria-label={`Run now: ${name}`} held={pending} onClick={() => run('run')}>
            Run now
          </Button>
        )}
        <Button
          size="small"
          aria-label={`${turn} ${name}`}
          held={pending}
          onClick={() => run(enabled ? 'pause' : 'resume')}
        >
          {turn}
        </Button>
        <Button
          size="small"
          variant="danger"
          aria-label={`Remove ${name}`}
          held={pending}
          onClick={() => setAsking(true)}
        >
          Remove…
        </Button>
      </div>
      <Alert>{refusal}</Alert>
      <p role="status" className="text-sm text-ink-3 empty:-mt-2.5">
        {started && isDue && 'It starts within seconds.'}
      </p>
      {asking && (
        <Suspense>
          <AlertDialog
            open
            title="Remove this schedule?"
            confirm="Remove the schedule"
            cancel="Keep it"
            busy={pending ? 'Removing…' : undefined}
            onConfirm={() => run('remove')}
            onCancel={() => setAsking(false)}
          >
            <p className="wrap-anywhere">“{name}” makes no more backups.</p>
            <p>
              {kept === 0
                ? 'There is no complete backup of it.'
                : `Its ${kept === 1 ? 'one complete backup stays, and is' : `${kept} complete backups stay, and are`} no longer deleted by themselves.`}
            </p>
          </AlertDialog>
        </Suspense>
      )}
    </PassFocusOn>
  )
}
