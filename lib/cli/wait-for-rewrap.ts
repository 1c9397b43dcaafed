import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '#lib/errors.ts'
import { type RewrapRow, rewrapEnded } from '#lib/rewrap/schema.ts'
import { viewRewrap } from '#lib/rewrap/view-rewraps.ts'
import type { Services } from '#lib/services.ts'
import { askPatiently } from './ask-patiently.ts'
import { count, progressLine } from './output.ts'
import { tellOnInterrupt } from './tell-on-interrupt.ts'

const windowMs = 10_000

/** Follows a re-wrap until it has ended or is paused, with a progress line on a terminal. */
export async function waitForRewrap({ db }: Services, id: string): Promise<RewrapRow> {
  const line = progressLine()
  const takeBack = tellOnInterrupt(
    line,
    `The re-wrap ${id} goes on in the console: byok key rewrap list says how far it is.`,
  )
  let seen: { at: number; done: number }[] = []
  try {
    for (;;) {
      const run = await askPatiently(() => viewRewrap(db, id), {
        onAway: () => line.show('Waiting for the database…'),
        goesOn: `Nobody waits here any more; the re-wrap ${id} goes on by itself as soon as a worker reaches the database.`,
      })
      if (!run) throw new AppError('not-found', `The re-wrap ${id} is gone.`)
      if (rewrapEnded(run.state) || run.state === 'paused') return run
      const at = performance.now()
      seen = [...seen.filter((one) => at - one.at <= windowMs), { at, done: run.done }]
      line.show(textOf(run, seen[0] ?? { at, done: run.done }, at))
      await delay(200)
    }
  } finally {
    takeBack()
    line.clear()
  }
}

function textOf(run: RewrapRow, first: { at: number; done: number }, now: number): string {
  const { state, done, total, failed, pace } = run
  if (state === 'queued') return 'Waiting for a worker…'
  if (state === 'waiting')
    return `Waiting for the ${run.waitingFor ?? 'key'}, next try ${run.nextTryAt?.slice(11, 19) ?? 'soon'} UTC. ${run.error ?? ''}`
  const seconds = (now - first.at) / 1000
  const rate = seconds >= 1 ? (done - first.done) / seconds : 0
  const left = rate > 0 ? `, ${rate.toFixed(0)}/s, ${Math.round((total - done) / rate)} s left` : ''
  return [
    `${done} of ${count(total, 'backup')}${left}`,
    ...(failed > 0 ? [`${failed} could not be done`] : []),
    ...(pace === null ? [] : [`KMS throttles: ${pace} calls/s`]),
  ].join('. ')
}
