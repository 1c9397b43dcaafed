import { setTimeout as delay } from 'node:timers/promises'
import type { Progress } from '#lib/backup/progress-schema.ts'
import type { BackupState, JobKind } from '#lib/backup/schema.ts'
import { viewProgress } from '#lib/backup/view-backups.ts'
import { AppError } from '#lib/errors.ts'
import { type Course, follow, ownWork, rateOf, timeLeft } from '#lib/jobs/time-left-schema.ts'
import type { Services } from '#lib/services.ts'
import { askPatiently } from './ask-patiently.ts'
import { hasConsoleStopped } from './attach.ts'
import { leftText } from './left-text.ts'
import { bytesText, count, plain, printError, progressLine } from './output.ts'
import { tellOnInterrupt } from './tell-on-interrupt.ts'

/**
 * Follows a backup, restore or verification to its end, with a progress line on a terminal.
 * @param goesOn what is said when Ctrl-C ends the waiting
 */
export async function waitForJob(
  { backup, env }: Services,
  kind: JobKind,
  id: string,
  goesOn: string,
): Promise<Progress> {
  const line = progressLine()
  const takeBack = tellOnInterrupt(line, goesOn)
  let told = ''
  let course: Course | undefined
  try {
    for (;;) {
      const progress = await askPatiently(() => viewProgress(backup, kind, id), {
        onAway() {
          if (hasConsoleStopped(env))
            throw new AppError('unavailable', 'The console has stopped.', {
              fix: `The ${kind} ${id} goes on when it is started again with npm start.`,
            })
          line.show('Waiting for the database…')
        },
        goesOn: `Nobody waits here any more; the ${kind} ${id} goes on by itself as soon as its worker reaches the database.`,
      })
      if (!progress) throw new AppError('not-found', `The ${kind} ${id} is gone.`)
      if (ended.includes(progress.state)) return progress
      const { state, error } = progress
      course = follow(
        course,
        { at: performance.now(), done: ownWork(progress).done },
        state === 'running' && error === null,
      )
      line.show(textOf(progress, course))
      told = tellAside(progress, told)
      await delay(200)
    }
  } finally {
    takeBack()
    line.clear()
  }
}

/** @param backup whose page shows it */
export function afterInterrupt(kind: JobKind, id: string, backup: string): string {
  const look = `byok backup show ${backup} says`
  if (kind === 'verification') return `The verification goes on in the console: ${look} what it finds.`
  return `The ${kind} ${id} goes on in the console: ${look} how it is, byok backup cancel ${id} ends it.`
}

/** What the log of a timer needs, where there is no terminal: why nothing goes on. Once for each reason. */
function tellAside(progress: Progress, told: string): string {
  const why = progress.error ?? (progress.state === 'waiting' ? textOf(progress) : '')
  if (why !== '' && why !== told && !process.stderr.isTTY) printError(plain(textOf(progress)))
  return why === '' ? told : why
}

const ended: readonly BackupState[] = ['complete', 'failed', 'cancelled', 'deleting', 'shredding', 'shredded']

function textOf(progress: Progress, course?: Course): string {
  if (progress.state !== 'waiting' && progress.error) return progress.error
  if (progress.state === 'queued') return 'Waiting for a worker…'
  if (progress.state === 'waiting')
    return `Waiting for the ${progress.waitingFor ?? 'key'}, next try ${progress.nextTryAt?.slice(11, 19) ?? 'soon'} UTC. ${progress.error ?? ''}`
  return progressText(progress, course)
}

function progressText(progress: Progress, course: Course | undefined): string {
  const { bytesDone, bytesTotal, filesDone, filesTotal, currentPath } = progress
  const rate = rateOf(course)
  const ofBytes = bytesTotal === null ? '' : ` of ${bytesText(bytesTotal)}`
  const files = filesTotal === null ? count(filesDone, 'file') : `${filesDone} of ${count(filesTotal, 'file')}`
  const speed = rate === undefined ? '' : `, ${bytesText(rate)}/s`
  return `${bytesText(bytesDone)}${ofBytes}, ${files}${speed}${leftText(timeLeft(course, ownWork(progress).total))}  ${currentPath ?? ''}`
}
