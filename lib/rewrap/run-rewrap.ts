import { recordAudit } from '#lib/audit/record.ts'
import { isThrottling } from '#lib/aws/fault.ts'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { SharedReaches } from '#lib/backup/shared-reaches.ts'
import { count } from '#lib/count-text.ts'
import { type Db, databaseTime, type Tx } from '#lib/db.ts'
import { AppError, isDatabaseError, messageOf } from '#lib/errors.ts'
import { enqueue } from '#lib/jobs/queue.ts'
import { tryLater } from '#lib/jobs/try-later.ts'
import { workerLogs } from '#lib/jobs/worker-logs.ts'
import { log } from '#lib/log.ts'
import { tellAdministrators } from '#lib/notices/tell-administrators.ts'
import { Pace } from './pace.ts'
import { Lost, type PassEnd, passOver } from './rewrap-pass.ts'
import { rewrapWords } from './schema.ts'
import { wishOf } from './view-rewraps.ts'

// 1. Claim the row as the next attempt. One thought dead that wakes up finds the number changed, and stops.
// 2. Pass over the backups that are left: what is done is not among them. Each one's exchange is counted in the
//    transaction in which its row follows.
// 3. The row says how it ended: complete; waiting, with its next try as a job of the same transaction; paused with the
//    reason, when the new key refuses; or as somebody asked meanwhile.

const everyMs = 500
/** A job lasts a day at most; a slow re-wrap may last longer, as one job after another. */
const longestJobMs = 3_600_000

/** @throws only when the database is away: the job is then tried again */
export async function runRewrap(context: BackupContext, id: string, outer: AbortSignal): Promise<void> {
  const { db } = context
  const run = await claim(db, id)
  if (!run) return
  const mine = { id, attempt: run.attempt, state: 'running' } as const
  const wish = wishOf(run)
  const pace = new Pace(run.perSecond)
  let { throttled } = run
  const { onKmsCall } = context.own
  // The SDK tries again by itself what KMS throttles: a call of several requests tells of it. An outage is another matter.
  const own: BackupContext['own'] = {
    ...context.own,
    onKmsCall(call) {
      onKmsCall?.(call)
      if (call.requests <= 1 || (call.fault && !isThrottling(call.fault.code))) return
      throttled += call.requests - 1
      pace.slowDown()
    },
  }
  const reaches = new SharedReaches({ ...context, own })
  const listed = new Set((await db.rewrapFailure.findMany({ where: { rewrapId: id } })).map(({ backupId }) => backupId))
  let counted = 0
  const standing = watchStanding(
    async () => {
      const pacing = pace.perSecond < pace.allowed ? Math.max(1, Math.round(pace.perSecond)) : null
      const [row] = await db.rewrap.updateManyAndReturn({
        where: mine,
        data: { pace: pacing, throttled },
        select: { wish: true },
      })
      return row ? row.wish : 'lost'
    },
    AbortSignal.any([outer, AbortSignal.timeout(longestJobMs)]),
  )
  const add = async (tx: Tx, more: { exchanged?: number; failed?: number }) => {
    const { exchanged = 0, failed = 0 } = more
    const { count } = await tx.rewrap.updateMany({
      where: mine,
      data: { done: { increment: 1 }, exchanged: { increment: exchanged }, failed: { increment: failed } },
    })
    if (count !== 1) throw new Lost()
    counted += 1
  }
  try {
    const end = await passOver(context, {
      wish,
      reaches,
      pace,
      listed,
      signal: standing.signal,
      async begin(left) {
        await db.$executeRaw`UPDATE "rewrap" SET "total" = "done" + ${left} WHERE "id" = ${id}::uuid AND "attempt" = ${run.attempt}`
      },
      count: (tx, result) => add(tx, result === 'exchanged' ? { exchanged: 1 } : {}),
      async list(backup, cause, fix) {
        const failure = { name: backup.name, cause, fix: fix ?? null }
        await db.$transaction(async (tx) => {
          await add(tx, { failed: 1 })
          await tx.rewrapFailure.create({ data: { rewrapId: id, backupId: backup.id, ...failure } })
        })
        listed.add(backup.id)
      },
    })
    await standing.stop()
    await conclude(context, run, end, counted > 0)
  } catch (error) {
    await standing.stop()
    if (error instanceof Lost || standing.asked() === 'lost') return
    const asked = standing.asked()
    if (asked === 'pause' || asked === 'cancel') return await obey(db, run, asked)
    if (standing.signal.aborted) return await handBack(context, run)
    if (isDatabaseError(error)) throw error
    if (error instanceof AppError) return await conclude(context, run, { kind: 'paused', error }, false)
    console.error(error)
    await endAs(db, run, { state: 'failed', error: messageOf(error), finishedAt: await databaseTime(db) }, 'failed')
  } finally {
    reaches.close()
  }
}

/** Its worker died again and again: somebody should look, and may resume it. */
export async function giveUpRewrap({ db }: BackupContext, id: string): Promise<void> {
  const run = await db.rewrap.findUnique({ where: { id } })
  if (!run || (run.state !== 'running' && run.state !== 'queued')) return
  await pauseWith(
    db,
    run,
    new AppError('unavailable', 'Its worker died again and again.', {
      fix: `${workerLogs} Then resume it.`,
    }),
  )
}

type Run = NonNullable<Awaited<ReturnType<typeof claim>>>

async function claim(db: Db, id: string) {
  const [row] = await db.rewrap.updateManyAndReturn({
    where: { id, state: { in: ['queued', 'running', 'waiting'] } },
    data: { state: 'running', attempt: { increment: 1 }, error: null, waitingFor: null, nextTryAt: null, pace: null },
  })
  if (row && !row.startedAt)
    await db.rewrap.updateMany({ where: { id, startedAt: null }, data: { startedAt: await databaseTime(db) } })
  return row
}

async function conclude(context: BackupContext, run: Run, end: PassEnd, progressed: boolean): Promise<void> {
  const { db } = context
  if (end.kind === 'paused') return pauseWith(db, run, end.error)
  if (end.kind === 'complete') {
    const ended = { state: 'complete' as const, error: null, wish: null, tries: 0, finishedAt: await databaseTime(db) }
    return endAs(db, run, ended, 'complete')
  }
  const tries = progressed ? 1 : run.tries + 1
  const nextTryAt = tryLater(tries, await databaseTime(db))
  if (!nextTryAt)
    return pauseWith(
      db,
      run,
      new AppError('unreachable', `It was tried for about a day. ${end.error.message}`, {
        fix: 'Resume it when it can be reached again.',
      }),
    )
  await db.$transaction(async (tx) => {
    const { count } = await tx.rewrap.updateMany({
      where: { id: run.id, attempt: run.attempt, state: 'running', wish: null },
      data: { state: 'waiting', waitingFor: end.trouble, nextTryAt, tries, error: messageOf(end.error) },
    })
    if (count === 1) return enqueue(context.jobs, tx, 'rewrap', run.id, { startAfter: nextTryAt })
    const row = await tx.rewrap.findUnique({ where: { id: run.id } })
    if (row?.attempt === run.attempt && (row.wish === 'pause' || row.wish === 'cancel')) await obeyIn(tx, run, row.wish)
  })
}

/** By itself, with the diagnosis. */
async function pauseWith(db: Db, run: Run, error: AppError): Promise<void> {
  await db.$transaction(async (tx) => {
    const { count } = await tx.rewrap.updateMany({
      where: { id: run.id, attempt: run.attempt, state: { in: ['running', 'queued'] } },
      data: { state: 'paused', wish: null, tries: 0, error: messageOf(error) },
    })
    if (count !== 1) return
    const words = rewrapWords(wishOf(run))
    const subject = `${words} (re-wrap ${run.id}): ${messageOf(error)}`
    await recordAudit(tx, { actor: 'console', action: 'rewrap.pause', outcome: 'failed', subject })
    await tellAdministrators(tx, {
      actor: 'console',
      title: 'A re-wrap has paused by itself',
      detail: messageOf(error),
      link: `/keys/rewrap/${run.id}`,
    })
  })
}

/** The audit row of asking stands already. */
async function obey(db: Db, run: Run, asked: 'pause' | 'cancel'): Promise<void> {
  await db.$transaction((tx) => obeyIn(tx, run, asked))
}

async function obeyIn(tx: Tx, run: Run, asked: 'pause' | 'cancel'): Promise<void> {
  const data =
    asked === 'pause'
      ? { state: 'paused' as const }
      : { state: 'cancelled' as const, finishedAt: await databaseTime(tx) }
  const { count } = await tx.rewrap.updateMany({
    where: { id: run.id, attempt: run.attempt, state: 'running' },
    data: { ...data, wish: null, tries: 0, error: null },
  })
  if (count === 1 && asked === 'cancel') await recordEnd(tx, run, 'cancelled')
}

/** This worker is stopping: another goes on. */
async function handBack({ db, jobs }: BackupContext, { id, attempt }: Run): Promise<void> {
  await db.$transaction(async (tx) => {
    const { count } = await tx.rewrap.updateMany({
      where: { id, attempt, state: 'running' },
      data: { state: 'queued', pace: null },
    })
    if (count === 1) await enqueue(jobs, tx, 'rewrap', id)
  })
}

async function endAs(
  db: Db,
  run: Run,
  data: { state: 'complete' | 'failed'; error: string | null; finishedAt: Date },
  how: 'complete' | 'failed',
): Promise<void> {
  await db.$transaction(async (tx) => {
    const { count } = await tx.rewrap.updateMany({
      where: { id: run.id, attempt: run.attempt, state: 'running' },
      data: { ...data, wish: null, pace: null },
    })
    if (count === 1) await recordEnd(tx, run, how)
  })
}

async function recordEnd(tx: Tx, run: Run, how: 'complete' | 'failed' | 'cancelled'): Promise<void> {
  const { exchanged, failed, total } = await tx.rewrap.findUniqueOrThrow({ where: { id: run.id } })
  await recordAudit(tx, {
    actor: run.createdBy,
    action: 'rewrap.finish',
    outcome: how === 'cancelled' ? how : how === 'complete' && failed === 0 ? 'success' : 'failed',
    subject: `${how}: ${exchanged} of ${count(total, 'backup')}, ${rewrapWords(wishOf(run))}, ${failed} failed (re-wrap ${run.id})`,
  })
}

/**
 * Asks again and again whether the run is still this worker's, and what somebody wants of it; once more at the end, for
 * what the question writes down.
 */
function watchStanding(ask: () => Promise<string | null>, outer: AbortSignal) {
  const ended = new AbortController()
  let asked: string | undefined
  let asking: Promise<void> | undefined
  const look = async () => {
    try {
      const answer = await ask()
      if (answer === null || asked !== undefined) return
      asked = answer
      ended.abort(new Error(`This re-wrap: ${answer}.`))
    } catch (error) {
      warn(error)
    }
  }
  // The work itself will meet the same trouble.
  const warn = (error: unknown) => log('warning', 'rewrap', messageOf(error))
  const timer = setInterval(() => {
    asking ??= look().finally(() => {
      asking = undefined
    })
  }, everyMs)
  return {
    signal: AbortSignal.any([outer, ended.signal]),
    asked: () => asked,
    async stop() {
      clearInterval(timer)
      await asking
      await ask().catch(warn)
    },
  }
}
