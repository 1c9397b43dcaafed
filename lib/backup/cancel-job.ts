import { recordAudit } from '#lib/audit/record.ts'
import type { AuditAction } from '#lib/audit/schema.ts'
import { databaseTime, type Tx } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import { hasNoWorker } from '#lib/jobs/choose-host.ts'
import { enqueue } from '#lib/jobs/queue.ts'
import { backupSubject, restoreSubject } from './audit-subject.ts'
import type { BackupContext } from './backup-context.ts'

/** `cancelled`: it has ended. `asked`: its worker, or the next one of its host, ends it within a second or so. */
export type CancelResult = 'cancelled' | 'asked'

/** @throws AppError `not-found`, or `conflict` when it has ended already */
export async function cancelBackup(context: BackupContext, id: string, actor: string): Promise<CancelResult> {
  return context.db.$transaction(async (tx) => {
    const row = await tx.backup.findUnique({ where: { id }, omit: { envelope: true } })
    if (!row) throw new AppError('not-found', `There is no backup ${id}.`)
    const audit = () => record(tx, actor, 'backup.cancel', backupSubject(row))
    // Its machine is gone, and nobody there would ever notice that somebody asked. A worker that is there after all finds
    // its row ended, and stops.
    const abandoned = row.sourceKind !== 'stream' && (await hasNoWorker(tx, row.host))
    const { count: idle } = await tx.backup.updateMany({
      where: { id, state: { in: abandoned ? [...idleStates, 'running'] : [...idleStates] } },
      data: { ...(await ended(tx)), error: null, attempt: { increment: 1 } },
    })
    if (idle === 1) {
      await audit()
      await enqueue(context.jobs, tx, 'clean-up', id)
      return 'cancelled'
    }
    const { count: running } = await tx.backup.updateMany({ where: { id, state: 'running' }, data: asked })
    if (running !== 1)
      throw over('backup', (await tx.backup.findUnique({ where: { id }, select: { state: true } }))?.state)
    if (!row.cancelRequested) await audit()
    return 'asked'
  })
}

/** @throws AppError `not-found`, or `conflict` when it has ended already */
export async function cancelRestore(context: BackupContext, id: string, actor: string): Promise<CancelResult> {
  return context.db.$transaction(async (tx) => {
    const row = await tx.restore.findUnique({ where: { id } })
    if (!row) throw new AppError('not-found', `There is no restore ${id}.`)
    const audit = () => record(tx, actor, 'restore.cancel', restoreSubject(row))
    const abandoned = await hasNoWorker(tx, row.host)
    const { count: idle } = await tx.restore.updateMany({
      where: { id, state: { in: abandoned ? [...idleStates, 'running'] : [...idleStates] } },
      data: { ...(await ended(tx)), error: null },
    })
    if (idle === 1) {
      await audit()
      // Its host removes what it has restored.
      if (row.attempt > 0) await enqueue(context.jobs, tx, 'restore', id, { host: row.host })
      return 'cancelled'
    }
    const { count: running } = await tx.restore.updateMany({ where: { id, state: 'running' }, data: asked })
    if (running !== 1)
      throw over('restore', (await tx.restore.findUnique({ where: { id }, select: { state: true } }))?.state)
    if (!row.cancelRequested) await audit()
    return 'asked'
  })
}

/** Nobody is at it. */
const idleStates = ['queued', 'waiting'] as const
const asked = { cancelRequested: true }
const ended = async (tx: Tx) => ({
  ...asked,
  state: 'cancelled' as const,
  finishedAt: await databaseTime(tx),
  nextTryAt: null,
  waitingFor: null,
  tries: 0,
})

function record(tx: Tx, actor: string, action: AuditAction, subject: string): Promise<void> {
  return recordAudit(tx, { actor, action, outcome: 'success', subject })
}

function over(what: string, state = 'gone'): AppError {
  return new AppError('conflict', `This ${what} cannot be cancelled: it is ${state}.`)
}
