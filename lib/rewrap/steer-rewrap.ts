import { recordAudit } from '#lib/audit/record.ts'
import type { AuditAction } from '#lib/audit/schema.ts'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { databaseTime, type Tx } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import { enqueue } from '#lib/jobs/queue.ts'
import { rewrapWords } from './schema.ts'
import { wishOf } from './view-rewraps.ts'

/** `done`: it is so. `asked`: its worker ends the backups in hand first, within a second or so. */
export type Steered = 'done' | 'asked'

const idle = { in: ['queued' as const, 'waiting' as const] }
const nothingNext = { wish: null, nextTryAt: null, waitingFor: null, tries: 0 }

/** @throws AppError `not-found`, or `conflict` when there is nothing to pause */
export function pauseRewrap(context: BackupContext, id: string, actor: string): Promise<Steered> {
  return steer(context, id, actor, 'rewrap.pause', async (tx, state) => {
    const data = { ...nothingNext, state: 'paused' as const, error: null, attempt: { increment: 1 } }
    if ((await tx.rewrap.updateMany({ where: { id, state: idle }, data })).count === 1) return 'done'
    // Whoever wants it cancelled comes first.
    const mayPause = { id, state: 'running' as const, OR: [{ wish: null }, { wish: 'pause' }] }
    const asked = await tx.rewrap.updateMany({ where: mayPause, data: { wish: 'pause' } })
    if (asked.count === 1) return 'asked'
    const now = state === 'running' ? 'being cancelled' : state
    throw new AppError('conflict', `This re-wrap cannot be paused: it is ${now}.`)
  })
}

/** @throws AppError `not-found`, or `conflict` when it is not paused */
export function resumeRewrap(context: BackupContext, id: string, actor: string): Promise<Steered> {
  return steer(context, id, actor, 'rewrap.resume', async (tx, state) => {
    const [row] = await tx.rewrap.updateManyAndReturn({
      where: { id, state: 'paused' },
      data: { ...nothingNext, state: 'queued', error: null },
    })
    if (row) {
      // What could not be done may have been mended: it is taken up again.
      await tx.rewrapFailure.deleteMany({ where: { rewrapId: id } })
      await tx.rewrap.update({ where: { id }, data: { failed: 0, done: { decrement: row.failed } } })
      await enqueue(context.jobs, tx, 'rewrap', id)
      return 'done'
    }
    // Asked to pause, and not done so yet.
    const still = await tx.rewrap.updateMany({ where: { id, state: 'running', wish: 'pause' }, data: { wish: null } })
    if (still.count === 1) return 'done'
    throw new AppError('conflict', `This re-wrap cannot be resumed: it is ${state}.`)
  })
}

/** What was exchanged stays so. @throws AppError `not-found`, or `conflict` when it has ended */
export function cancelRewrap(context: BackupContext, id: string, actor: string): Promise<Steered> {
  return steer(context, id, actor, 'rewrap.cancel', async (tx, state) => {
    const data = {
      ...nothingNext,
      state: 'cancelled' as const,
      error: null,
      finishedAt: await databaseTime(tx),
      attempt: { increment: 1 },
    }
    const where = { id, state: { in: [...idle.in, 'paused' as const] } }
    if ((await tx.rewrap.updateMany({ where, data })).count === 1) return 'done'
    const asked = await tx.rewrap.updateMany({ where: { id, state: 'running' }, data: { wish: 'cancel' } })
    if (asked.count === 1) return 'asked'
    throw new AppError('conflict', `This re-wrap cannot be cancelled: it is ${state}.`)
  })
}

async function steer(
  { db }: BackupContext,
  id: string,
  actor: string,
  action: AuditAction,
  change: (tx: Tx, state: string) => Promise<Steered>,
): Promise<Steered> {
  return db.$transaction(async (tx) => {
    const [locked] = await tx.$queryRaw<{ id: string }[]>`SELECT "id" FROM "rewrap" WHERE "id" = ${id}::uuid FOR UPDATE`
    if (!locked) throw new AppError('not-found', `There is no re-wrap ${id}.`)
    const row = await tx.rewrap.findUniqueOrThrow({ where: { id } })
    const steered = await change(tx, row.state)
    const subject = `${rewrapWords(wishOf(row))} (re-wrap ${id})`
    await recordAudit(tx, { actor, action, outcome: 'success', subject })
    return steered
  })
}
