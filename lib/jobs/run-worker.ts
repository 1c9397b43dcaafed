import { setTimeout as delay } from 'node:timers/promises'
import { PgBoss } from 'pg-boss'
import { sendDue } from '#lib/alerts/send-due.ts'
import type { Head } from '#lib/audit/audit-key.ts'
import { signEveryMs, signHead } from '#lib/audit/sign-head.ts'
import { forgetPastTries } from '#lib/auth/record-refused-try.ts'
import { databaseLine } from '#lib/database-line.ts'
import { mustKeepSessions } from '#lib/database-sessions.ts'
import { databaseTime } from '#lib/db.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { followKeys, pruneHealth, watchKeys } from '#lib/key-health/watch-keys.ts'
import { log } from '#lib/log.ts'
import { runDueSchedules } from '#lib/schedules/run-due.ts'
import { type Compared, watchSchedules } from '#lib/schedules/watch-schedules.ts'
import { knownMigrations, mustBeOfThisVersion } from '#lib/schema-version.ts'
import type { Services } from '#lib/services.ts'
import { runShreds } from '#lib/shred/run-shreds.ts'
import { cleanUpPass, doJob, giveUpJob } from './do-job.ts'
import { deadQueue, installQueuesOf, jobPayload, logError, queueName, queues } from './queue.ts'
import { registerWorker, type WorkerPlace } from './register-worker.ts'
import { undoFuture } from './undo-future.ts'

// 1. The worker's host gets its queues, and the worker takes jobs from them and from those that are any worker's.
// 2. What nobody asked for but must be done: clean-up and schedules, by whichever worker comes first.
// 3. Last, the worker makes itself known: from then on jobs for its folders come to its host.

const jobsAtOnce = 2

export interface RunningWorker {
  /** Comes when the database's tables have become those of another version: the worker takes nothing more. */
  readonly outdated: Promise<AppError>
  stop(): Promise<void>
}

/**
 * Takes jobs until it is told to stop. Running work is then given back to the queue, and goes on elsewhere.
 * @throws AppError `unavailable` when the database's tables are those of another version; as `mustKeepSessions`
 */
export async function runWorker(
  services: Pick<Services, 'db' | 'databaseUrl' | 'backup' | 'env'>,
  place: WorkerPlace,
): Promise<RunningWorker> {
  await mustKeepSessions(services.databaseUrl)
  const known = await knownMigrations()
  await mustBeOfThisVersion(services.db, known)
  const stopping = new AbortController()
  const outdated = Promise.withResolvers<AppError>()
  /** Before each job, too: the console may have been brought up to date since. */
  const stayOfThisVersion = () =>
    mustBeOfThisVersion(services.db, known).catch((error: unknown) => {
      if (error instanceof AppError) {
        // Not as the AppError itself: a job would take that for an error of its own, and end as failed.
        stopping.abort(new Error('This worker is stopping.', { cause: error }))
        outdated.resolve(error)
      }
      throw error
    })
  const context = { ...services.backup, sourceRoots: place.sourceRoots, restoreRoots: place.restoreRoots }
  const boss = new PgBoss({
    ...databaseLine(services.databaseUrl),
    migrate: false,
    createSchema: false,
    schedule: false,
    superviseIntervalSeconds: 5,
    monitorIntervalSeconds: 5,
    max: 4,
  })
  boss.on('error', logError)
  await boss.start()
  await installQueuesOf(boss, place.host)
  for (const queue of queues) {
    for (const host of [place.host, '']) {
      await boss.work(
        queueName(queue, host),
        { pollingIntervalSeconds: 0.5, heartbeatRefreshSeconds: 3, localConcurrency: host === '' ? 1 : jobsAtOnce },
        async ([job]) => {
          if (!job) return
          const { id } = jobPayload.parse(job.data)
          await stayOfThisVersion()
          await doJob(context, queue, id, AbortSignal.any([job.signal, stopping.signal]))
        },
      )
    }
    await boss.work(deadQueue(queue), { pollingIntervalSeconds: 5 }, async ([job]) => {
      if (!job) return
      await stayOfThisVersion()
      await giveUpJob(context, queue, jobPayload.parse(job.data).id)
    })
  }
  const compared: Compared = new Map()
  let signed: Head | undefined
  const sign = async () => {
    signed = await signHead(context, signed)
  }
  const chores = [
    every(10_000, 'version', stopping.signal, stayOfThisVersion),
    every(60_000, 'clock', stopping.signal, () => undoFuture(context.db)),
    every(60_000, 'refused-tries', stopping.signal, () => forgetPastTries(context.db)),
    every(60_000, 'clean-up', stopping.signal, () => cleanUpPass(context, stopping.signal)),
    every(10_000, 'schedules', stopping.signal, () =>
      runDueSchedules(context).finally(() => watchSchedules(context, compared)),
    ),
    every(30_000, 'keys', stopping.signal, async () => followKeys(context, await databaseTime(context.db))),
    every(3_600_000, 'key-history', stopping.signal, async () =>
      pruneHealth(context.db, await databaseTime(context.db)),
    ),
    // A key or a mail server that does not answer holds up no stop: what was claimed goes to another worker later.
    every(5_000, 'key-health', stopping.signal, () =>
      untilStopped(stopping.signal, watchKeys(context, services.env.keyHealth)),
    ),
    every(5_000, 'alerts', stopping.signal, () => untilStopped(stopping.signal, sendDue(context))),
    every(10_000, 'shred', stopping.signal, () => runShreds(context, stopping.signal)),
    every(signEveryMs, 'audit', stopping.signal, sign),
  ]
  const registration = await registerWorker(services.db, place)
  return {
    outdated: outdated.promise,
    async stop() {
      stopping.abort(new Error('This worker is stopping.'))
      await boss.stop({ graceful: true, timeout: 5_000 })
      await Promise.all(chores)
      // What came since the last time. A database that does not answer holds up no stop.
      await untilStopped(AbortSignal.timeout(2_000), sign()).catch(logError)
      await registration.withdraw()
    },
  }
}

async function untilStopped(signal: AbortSignal, work: Promise<unknown>): Promise<void> {
  const stopped = Promise.withResolvers<void>()
  const stop = () => stopped.resolve()
  signal.addEventListener('abort', stop)
  await Promise.race([work, stopped.promise]).finally(() => signal.removeEventListener('abort', stop))
}

/** At once, and again so long after the last time. */
async function every(ms: number, part: string, signal: AbortSignal, run: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await run().catch((error: unknown) => {
      if (!signal.aborted) log('warning', part, messageOf(error))
    })
    await delay(ms, undefined, { signal }).catch(() => {})
  }
}
