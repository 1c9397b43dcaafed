'use client'
import type { ReactNode } from 'react'
import { count, formatBytes, formatNumber } from '#components/ui/format-bytes.ts'
import { formatDuration } from '#components/ui/format-time.ts'
import { LastAnswer } from '#components/ui/last-answer.tsx'
import { PathText } from '#components/ui/path-text.tsx'
import { ProgressBar } from '#components/ui/progress-bar.tsx'
import type { Progress } from '#lib/backup/progress-schema.ts'
import type { BackupState } from '#lib/backup/schema.ts'
import { StateBadge, stateWords } from './state-badge.tsx'
import { ThroughputGraph } from './throughput-graph.tsx'
import { useProgress } from './use-progress.ts'

interface Props {
  /** As components/ui/follow.ts names it. */
  name: string
  title: ReactNode
  /** Names the bar for a screen reader. */
  label: string
  state: BackupState
  /** What can be done about it, at the end of its title. */
  actions?: ReactNode
}

export function LiveProgress({ name, title, label, state, actions }: Props) {
  const { progress, bytesPerSecond, left, lastAnswer } = useProgress(name, { ...nothingYet, state })
  const { bytesDone, bytesTotal } = progress
  // Queued, it says with it that no worker is there: that ends by itself, and nothing has failed.
  const waits = progress.state === 'waiting' || (progress.state === 'queued' && progress.error !== null)
  const isAtWork = !waits && (progress.state === 'queued' || progress.state === 'running')
  const percent = bytesTotal ? Math.min(100, Math.floor((bytesDone / bytesTotal) * 1000) / 10) : undefined
  return (
    <div className="card px-5 py-4">
      <div className="mb-2.5 flex items-center gap-x-2.5 gap-y-1.5 max-sm:flex-wrap">
        {title}
        <StateBadge state={progress.state} waitingFor={progress.waitingFor} />
        {actions && <div className="ml-auto">{actions}</div>}
      </div>
      <ProgressBar
        label={label}
        // A bar that is full and moves would say that something is being done.
        percent={progress.state === 'complete' ? 100 : (percent ?? (isAtWork ? undefined : 0))}
        text={
          percent === undefined
            ? stage(progress)
            : `${percent} %, ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal ?? 0)}`
        }
      />
      <div className="mt-2.5 flex min-h-[18px] flex-wrap max-sm:min-h-[40px] gap-x-5 gap-y-1 text-sm text-ink-2 tabular-nums">
        {progress.startedAt === null ? (
          <span>{stage(progress)}</span>
        ) : (
          <>
            <span>
              <Strong>{formatBytes(bytesDone)}</Strong>
              {bytesTotal === null ? ' so far' : ` of ${formatBytes(bytesTotal)}`}
            </span>
            {progress.bytesStored > 0 && (
              <span>
                <Strong>{formatBytes(progress.bytesStored)}</Strong> stored
              </span>
            )}
            <span>
              <Strong>{formatNumber(progress.filesDone)}</Strong>
              {progress.filesTotal === null ? ' files' : ` of ${count(progress.filesTotal, 'file')}`}
            </span>
            {bytesPerSecond !== undefined && progress.state === 'running' && (
              <span>
                <Strong>{formatBytes(bytesPerSecond)}/s</Strong>
              </span>
            )}
            {left !== undefined && progress.state === 'running' && (
              <span>
                <Strong>{formatDuration(left)}</Strong> left
              </span>
            )}
          </>
        )}
      </div>
      {/* Here from the start, so that nothing moves when the first path comes. */}
      {progress.state !== 'waiting' && (
        <code className="mt-1 block h-[18px] truncate text-sm text-ink-3">
          {progress.currentPath !== null && <PathText path={progress.currentPath} />}
        </code>
      )}
      {progress.state === 'running' && <ThroughputGraph samples={progress.samples} />}
      {progress.state === 'waiting' && (
        <p className="mt-2 text-sm text-warn">
          It goes on by itself as soon as the {progress.waitingFor ?? 'key'} answers
          {progress.nextTryAt && (
            <>
              ; next try at <span className="tabular-nums">{progress.nextTryAt.slice(11, 19)} UTC</span>
            </>
          )}
          . Nothing is written meanwhile.
        </p>
      )}
      {progress.error && (
        <p className={`mt-2 text-sm wrap-anywhere ${errorTone(progress.state, waits)}`}>{progress.error}</p>
      )}
      <LastAnswer at={lastAnswer} />
    </div>
  )
}

function Strong({ children }: { children: ReactNode }) {
  return <strong className="font-medium text-ink">{children}</strong>
}

function errorTone(state: BackupState, waits: boolean): string {
  if (state === 'waiting') return 'text-ink-2'
  return waits ? 'text-warn' : 'text-bad'
}

function stage(progress: Progress): string {
  if (progress.state === 'queued') return 'Waiting for a worker'
  if (progress.state === 'waiting') return progress.waitingFor === 'bucket' ? 'Waiting for bucket' : stateWords.waiting
  return stateWords[progress.state]
}

const nothingYet: Omit<Progress, 'state'> = {
  bytesDone: 0,
  bytesTaken: 0,
  bytesTotal: null,
  bytesStored: 0,
  filesDone: 0,
  filesTotal: null,
  currentPath: null,
  samples: [],
  waitingFor: null,
  nextTryAt: null,
  startedAt: null,
  finishedAt: null,
  error: null,
}
