import { setTimeout as delay } from 'node:timers/promises'
import type { BackupState, JobKind, Progress } from '#lib/backup/schema.ts'
import { viewProgress } from '#lib/backup/view-backups.ts'
import { AppError, isDatabaseError } from '#lib/errors.ts'
import type { Services } from '#lib/services.ts'
import { hasConsoleStopped } from './attach.ts'
import { bytesText, progressLine } from './output.ts'

/** The console starts its database again by itself; this is how long that may take. */
const patienceMs = 60_000

/** Follows a backup, restore or verification to its end, with a progress line on a terminal. */
export async function waitForJob({ backup, env }: Services, kind: JobKind, id: string): Promise<Progress> {
  const line = progressLine()
  let answered = Date.now()
  try {
    for (;;) {
      let progress: Progress | undefined
      try {
        progress = await viewProgress(backup, kind, id)
        answered = Date.now()
      } catch (error) {
        if (!isDatabaseError(error) || Date.now() - answered > patienceMs) throw error
        if (hasConsoleStopped(env))
          throw new AppError('unavailable', 'The console has stopped.', {
            fix: `The ${kind} ${id} goes on when it is started again with npm start.`,
          })
        line.show('Waiting for the database…')
        await delay(1_000)
        continue
      }
      if (!progress) throw new AppError('not-found', `The ${kind} ${id} is gone.`)
      if (ended.includes(progress.state)) return progress
      line.show(textOf(progress))
      await delay(200)
    }
  } finally {
    line.clear()
  }
}

const ended: readonly BackupState[] = ['complete', 'failed', 'cancelled', 'deleting', 'shredding', 'shredded']

function textOf(progress: Progress): string {
  if (progress.state === 'queued') return 'Waiting for a worker…'
  if (progress.state === 'waiting')
    return `Waiting for the ${progress.waitingFor ?? 'key'}, next try ${progress.nextTryAt?.slice(11, 19) ?? 'soon'} UTC. ${progress.error ?? ''}`
  return progressText(progress)
}

function progressText({ bytesDone, bytesTotal, filesDone, filesTotal, startedAt, currentPath }: Progress): string {
  const seconds = startedAt ? Math.max(0.1, (Date.now() - Date.parse(startedAt)) / 1000) : 0.1
  const rate = bytesDone / seconds
  const of = (total: number | null, text: (value: number) => string) => (total === null ? '' : ` of ${text(total)}`)
  const left =
    bytesTotal !== null && rate > 0 ? `, ${Math.max(0, Math.round((bytesTotal - bytesDone) / rate))} s left` : ''
  return `${bytesText(bytesDone)}${of(bytesTotal, bytesText)}, ${filesDone}${of(filesTotal, String)} files, ${bytesText(rate)}/s${left}  ${currentPath ?? ''}`
}
