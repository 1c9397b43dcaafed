'use client'
import { useRouter } from 'next/navigation'
import { useState, useTransition } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { count, formatNumber } from '#components/ui/format-bytes.ts'
import { formatDuration } from '#components/ui/format-time.ts'
import { LastAnswer } from '#components/ui/last-answer.tsx'
import { PassFocusOn } from '#components/ui/pass-focus-on.tsx'
import { ProgressBar } from '#components/ui/progress-bar.tsx'
import { unansweredTryAgain } from '#components/ui/unanswered.ts'
import type { ChangeResult } from '#lib/backup/schema.ts'
import type { RewrapRow } from '#lib/rewrap/schema.ts'
import { hasEnded } from './rewrap-ended.ts'
import { RewrapStateBadge } from './rewrap-state-badge.tsx'
import { useRewrap } from './use-rewrap.ts'

type Steer = (input: { id: string }) => Promise<ChangeResult>

interface Props {
  run: RewrapRow
  /** Undefined for whoever may only look. */
  steer?: { pause: Steer; resume: Steer; cancel: Steer } | undefined
}

export function RewrapProgress({ run: initial, steer }: Props) {
  const router = useRouter()
  const { run, perSecond, left, lastAnswer } = useRewrap(initial)
  const [message, setMessage] = useState<string>()
  const [pending, startTransition] = useTransition()
  const { id, state, wish, total, done, exchanged, failed, pace, throttled } = run
  const percent = total === 0 ? 0 : Math.min(100, Math.floor((done / total) * 1000) / 10)
  const act = (action: Steer) =>
    startTransition(async () => {
      const result = await action({ id }).catch(() => unansweredTryAgain())
      setMessage(result.status === 'error' ? result.message : undefined)
      router.refresh()
    })
  return (
    <section aria-labelledby="progress" className="card px-5.5 py-5 max-sm:px-4">
      <div className="mb-3 flex min-h-7 flex-wrap items-center gap-2.5">
        <h2 id="progress" tabIndex={-1} className="text-lg font-semibold">
          Progress
        </h2>
        <RewrapStateBadge run={run} />
        {steer && !hasEnded(state) && (
          <PassFocusOn to="progress" className="ml-auto flex flex-wrap gap-2.5">
            {state === 'paused' || wish === 'pause' ? (
              <Button size="small" variant="primary" held={pending} onClick={() => act(steer.resume)}>
                Resume
              </Button>
            ) : (
              <Button size="small" held={pending || wish !== null} onClick={() => act(steer.pause)}>
                Pause
              </Button>
            )}
            <Button size="small" held={pending || wish === 'cancel'} onClick={() => act(steer.cancel)}>
              Cancel
            </Button>
          </PassFocusOn>
        )}
      </div>
      <ProgressBar
        label="Re-wrap"
        percent={percent}
        text={`${percent} %, ${formatNumber(done)} of ${count(total, 'backup')}`}
      />
      <div className="mt-2.5 flex min-h-[18px] flex-wrap gap-x-5 gap-y-1 text-sm text-ink-2 tabular-nums max-sm:min-h-[40px]">
        <span>
          <Strong>{formatNumber(done)}</Strong> of {count(total, 'backup')}
        </span>
        <span>
          <Strong>{formatNumber(exchanged)}</Strong> {run.mode === 'remove' ? 'freed of it' : 'under the new key'}
        </span>
        {failed > 0 && (
          <span>
            <Strong>{formatNumber(failed)}</Strong> could not be done
          </span>
        )}
        {perSecond !== undefined && perSecond > 0 && (
          <span>
            <Strong>{formatNumber(perSecond, perSecond < 10 ? 1 : 0)}</Strong> a second
          </span>
        )}
        {left !== undefined && (
          <span>
            <Strong>{formatDuration(left)}</Strong> left
          </span>
        )}
      </div>
      <p className="mt-2 text-sm text-ink-3">{stageOf(run)}</p>
      {pace !== null && state === 'running' && (
        <p className="mt-2 text-sm text-warn">
          KMS throttles ({count(throttled, 'time')} so far): {count(pace, 'call')} a second for now. Nothing fails by
          it.
        </p>
      )}
      {run.error && (
        <p className={`mt-2 text-sm wrap-anywhere ${state === 'waiting' ? 'text-ink-2' : 'text-bad'}`}>{run.error}</p>
      )}
      <LastAnswer at={lastAnswer} />
      <div className="mt-3 empty:hidden">
        <Alert>{message}</Alert>
      </div>
    </section>
  )
}

function stageOf({ state, waitingFor, nextTryAt, perSecond, error, exchanged, total }: RewrapRow): string {
  switch (state) {
    case 'queued':
      return 'Waiting for a worker.'
    case 'running':
      return `At most ${count(perSecond, 'call')} of KMS a second. This page may be closed: it goes on.`
    case 'waiting':
      return `It goes on by itself as soon as the ${waitingFor ?? 'key'} answers${nextTryAt ? `; next try at ${nextTryAt.slice(11, 19)} UTC` : ''}. Every backup opens meanwhile as its row says.`
    case 'paused':
      return error
        ? 'It paused by itself, before more could fail. Mend what is said here, then resume it.'
        : 'Nothing is half done. Resume it at any time: it goes on where it is.'
    case 'cancelled':
      return `What was exchanged stays so; ${keepWords(Math.max(0, total - exchanged))}`
    case 'complete':
      return 'Each new key was proven by opening the backup’s own key with it.'
    case 'failed':
      return 'What was exchanged stays so. Start another for the rest.'
  }
}

function keepWords(backups: number): string {
  return backups === 1 ? '1 keeps the key that it had.' : `${formatNumber(backups)} keep the key that they had.`
}

function Strong({ children }: { children: string }) {
  return <strong className="font-medium text-ink">{children}</strong>
}
