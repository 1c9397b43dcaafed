import { recordAudit } from '#lib/audit/record.ts'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { count } from '#lib/count-text.ts'
import { type Db, databaseTime, type Rewrap, type Tx } from '#lib/db.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { enqueue } from '#lib/jobs/queue.ts'
import { tryLater } from '#lib/jobs/try-later.ts'
import { workerLogs } from '#lib/jobs/worker-logs.ts'
import { tellAdministrators } from '#lib/notices/tell-administrators.ts'
import type { PassEnd } from './rewrap-pass.ts'
import { rewrapWords } from './schema.ts'
import { wishOf } from './view-rewraps.ts'

// However a run ends or waits, its row, its audit row and its next job say so in one transaction. What somebody asked of it
// meanwhile comes first, with two exceptions: a pass that is complete stays so, and one that failed or pauses by itself says
// why, though somebody asked for a pause.

/** What a pass came to. @param progressed whether it did anything at all */
export async function concludeRewrap(
  context: BackupContext,
  run: Rewrap,
  end: PassEnd,
  progressed: boolean,
): Promise<void> {
  const { db } = context
  if (end.kind === 'paused') return pauseByItself(db, run, end.error)
  if (end.kind === 'complete') return endRewrap(db, run, null)
  const tries = progressed ? 1 : run.tries + 1
  const nextTryAt = tryLater(tries, await databaseTime(db))
  if (!nextTryAt)
    return pauseByItself(
      db,
      run,
      new AppError('unreachable', `It was tried for about a day. ${end.error.message}`, {
        fix: 'Resume it when it can be reached again.',
      }),
    )
  await db.$transaction(async (tx) => {
    if (await endAsAsked(tx, run)) return
    await tx.rewrap.update({
      where: { id: run.id },
      data: { state: 'waiting', waitingFor: end.trouble, nextTryAt, tries, error: messageOf(end.error) },
    })
    await enqueue(context.jobs, tx, 'rewrap', run.id, { startAfter: nextTryAt })
  })
}

/**
 * With the diagnosis.
 * @param more what else becomes of it
 */
export async function pauseByItself(
  db: Db,
  run: Rewrap,
  error: AppError,
  more: { readonly attempt?: { readonly increment: 1 } } = {},
): Promise<void> {
  await db.$transaction(async (tx) => {
    if (await endAsAsked(tx, run, 'cancel')) return
    await tx.rewrap.update({
      where: { id: run.id },
      data: { ...more, state: 'paused', wish: null, tries: 0, error: messageOf(error) },
    })
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

/** As somebody asked. Otherwise this worker is stopping, or who asked has taken it back: another goes on. */
export async function giveBack({ db, jobs }: BackupContext, run: Rewrap): Promise<void> {
  await db.$transaction(async (tx) => {
    if (await endAsAsked(tx, run)) return
    await tx.rewrap.update({ where: { id: run.id }, data: { state: 'queued', pace: null } })
    await enqueue(jobs, tx, 'rewrap', run.id)
  })
}

/** @param error why it failed; null: it is complete */
export async function endRewrap(db: Db, run: Rewrap, error: string | null): Promise<void> {
  const state = error === null ? 'complete' : 'failed'
  await db.$transaction(async (tx) => {
    if (state === 'failed' && (await endAsAsked(tx, run, 'cancel'))) return
    const { count } = await tx.rewrap.updateMany({
      where: { id: run.id, attempt: run.attempt, state: 'running' },
      data: { state, error, wish: null, pace: null, tries: 0, finishedAt: await databaseTime(tx) },
    })
    if (count === 1) await recordEnd(tx, run, state)
  })
}

/**
 * Ends a run as somebody asked, if anybody did. Nobody asks anything more of it before this transaction ends.
 * @param heeded what of it counts; for pausing as well as for cancelling an audit row stands already
 * @returns whether nothing is left to say of it: it has ended, or is another attempt's by now
 */
async function endAsAsked(tx: Tx, run: Rewrap, heeded: 'cancel' | 'any' = 'any'): Promise<boolean> {
  const [row] = await tx.$queryRaw<{ wish: string | null }[]>`
    SELECT "wish" FROM "rewrap" WHERE "id" = ${run.id}::uuid AND "attempt" = ${run.attempt}
      AND "state" IN ('running', 'queued') FOR UPDATE`
  if (!row) return true
  if (row.wish === null || (heeded !== 'any' && row.wish !== heeded)) return false
  const cancelled = row.wish === 'cancel'
  const state = cancelled
    ? { state: 'cancelled' as const, finishedAt: await databaseTime(tx) }
    : { state: 'paused' as const }
  await tx.rewrap.update({ where: { id: run.id }, data: { ...state, wish: null, tries: 0, error: null } })
  if (cancelled) await recordEnd(tx, run, 'cancelled')
  return true
}

/** Its worker died again and again: somebody should look, and may resume it. */
export async function giveUpRewrap({ db }: BackupContext, id: string): Promise<void> {
  const run = await db.rewrap.findUnique({ where: { id } })
  if (!run || (run.state !== 'running' && run.state !== 'queued')) return
  await pauseByItself(
    db,
    run,
    new AppError('unavailable', 'Its worker died again and again.', {
      fix: `${workerLogs} Then resume it.`,
    }),
    // A worker that was thought dead, and wakes up when this has been resumed, finds the number changed.
    { attempt: { increment: 1 } },
  )
}

async function recordEnd(tx: Tx, run: Rewrap, how: 'complete' | 'failed' | 'cancelled'): Promise<void> {
  const { exchanged, failed, total } = await tx.rewrap.findUniqueOrThrow({ where: { id: run.id } })
  await recordAudit(tx, {
    actor: run.createdBy,
    action: 'rewrap.finish',
    outcome: how === 'cancelled' ? how : how === 'complete' && failed === 0 ? 'success' : 'failed',
    subject: `${how}: ${exchanged} of ${count(total, 'backup')}, ${rewrapWords(wishOf(run))}, ${failed} failed (re-wrap ${run.id})`,
  })
}
