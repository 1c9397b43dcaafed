import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '#lib/errors.ts'
import { type Course, follow, rateOf, timeLeft } from '#lib/jobs/time-left-schema.ts'
import { type RewrapRow, rewrapEnded } from '#lib/rewrap/schema.ts'
import { viewRewrap } from '#lib/rewrap/view-rewraps.ts'
import type { Services } from '#lib/services.ts'
import { askPatiently } from './ask-patiently.ts'
import { leftText } from './left-text.ts'
import { count, progressLine } from './output.ts'
import { tellOnInterrupt } from './tell-on-interrupt.ts'

/** Follows a re-wrap until it has ended or is paused, with a progress line on a terminal. */
export async function waitForRewrap({ db }: Services, id: string): Promise<RewrapRow> {
  const line = progressLine()
  const takeBack = tellOnInterrupt(
    line,
    `The re-wrap ${id} goes on in the console: byok key rewrap list says how far it is.`,
  )
  let course: Course | undefined
  try {
    for (;;) {
      const run = await askPatiently(() => viewRewrap(db, id), {
        onAway: () => line.show('Waiting for the database…'),
        goesOn: `Nobody waits here any more; the re-wrap ${id} goes on by itself as soon as a worker reaches the database.`,
      })
      if (!run) throw new AppError('not-found', `The re-wrap ${id} is gone.`)
      if (rewrapEnded(run.state) || run.state === 'paused') return run
      course = follow(course, { at: performance.now(), done: run.done }, run.state === 'running')
      line.show(textOf(run, course))
      await delay(200)
    }
  } finally {
    takeBack()
    line.clear()
  }
}

function textOf(run: RewrapRow, course: Course | undefined): string {
  const { state, done, total, failed, pace } = run
  if (state === 'queued') return 'Waiting for a worker…'
  if (state === 'waiting')
    return `Waiting for the ${run.waitingFor ?? 'key'}, next try ${run.nextTryAt?.slice(11, 19) ?? 'soon'} UTC. ${run.error ?? ''}`
  const rate = rateOf(course)
  const speed = rate ? `, ${rate.toFixed(0)}/s` : ''
  return [
    `${done} of ${count(total, 'backup')}${speed}${leftText(timeLeft(course, total))}`,
    ...(failed > 0 ? [`${failed} could not be done`] : []),
    ...(pace === null ? [] : [`KMS throttles: ${pace} calls/s`]),
  ].join('. ')
}
