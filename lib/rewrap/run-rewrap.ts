import { isThrottling } from '#lib/aws/fault.ts'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { SharedReaches } from '#lib/backup/shared-reaches.ts'
import { type Db, databaseTime, type Tx } from '#lib/db.ts'
import { AppError, isDatabaseError, messageOf } from '#lib/errors.ts'
import { LostClaim, watchClaim } from '#lib/jobs/attempt.ts'
import { orAgain } from '#lib/jobs/end-attempt.ts'
import { log } from '#lib/log.ts'
import { concludeRewrap, endRewrap, giveBack, pauseByItself } from './end-rewrap.ts'
import { Pace } from './pace.ts'
import { passOver } from './rewrap-pass.ts'
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
  const ask = async () => {
    const pacing = pace.perSecond < pace.allowed ? Math.max(1, Math.round(pace.perSecond)) : null
    const data = { pace: pacing, throttled }
    const [row] = await db.rewrap.updateManyAndReturn({ where: mine, data, select: { wish: true } })
    if (!row) return new LostClaim()
    return row.wish === null ? undefined : new Error(`This re-wrap: ${row.wish}.`)
  }
  const watch = watchClaim(
    { part: 'rewrap', id },
    everyMs,
    AbortSignal.any([outer, AbortSignal.timeout(longestJobMs)]),
    ask,
  )
  const { signal } = watch
  const stop = async () => {
    await watch.stop()
    // Once more, for what the question writes down.
    await ask().catch((error: unknown) => log('warning', 'rewrap', messageOf(error), { rewrap: id }))
  }
  const add = async (tx: Tx, more: { exchanged?: number; failed?: number }) => {
    const { exchanged = 0, failed = 0 } = more
    const { count } = await tx.rewrap.updateMany({
      where: mine,
      data: { done: { increment: 1 }, exchanged: { increment: exchanged }, failed: { increment: failed } },
    })
    if (count !== 1) throw new LostClaim()
    counted += 1
  }
  try {
    const end = await passOver(context, {
      wish,
      reaches,
      pace,
      listed,
      signal,
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
    await stop()
    await concludeRewrap(context, run, end, counted > 0)
  } catch (error) {
    await stop()
    if (error instanceof LostClaim || signal.reason instanceof LostClaim) return
    await orAgain({ part: 'rewrap', id }, async () => {
      if (signal.aborted) return giveBack(context, run)
      if (isDatabaseError(error)) throw error
      if (error instanceof AppError) return pauseByItself(db, run, error)
      console.error(error)
      return endRewrap(db, run, messageOf(error))
    })
  } finally {
    reaches.close()
  }
}

async function claim(db: Db, id: string) {
  const [row] = await db.rewrap.updateManyAndReturn({
    where: { id, state: { in: ['queued', 'running', 'waiting'] } },
    data: { state: 'running', attempt: { increment: 1 }, error: null, waitingFor: null, nextTryAt: null, pace: null },
  })
  if (row && !row.startedAt)
    await db.rewrap.updateMany({ where: { id, startedAt: null }, data: { startedAt: await databaseTime(db) } })
  return row
}
