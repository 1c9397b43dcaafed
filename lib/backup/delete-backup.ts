import { recordAudit } from '#lib/audit/record.ts'
import type { Tx } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import { enqueue } from '#lib/jobs/queue.ts'
import { minuteText } from '#lib/time-text.ts'
import { backupSubject } from './audit-subject.ts'
import type { BackupContext } from './backup-context.ts'
import { isUnderWay, underWayStates } from './under-way-schema.ts'

/**
 * Marks a backup for deletion; from then on nobody can restore it. A worker deletes its objects, then the row goes.
 * Once it is marked, telling it again changes nothing.
 * @throws AppError `not-found`, or `conflict` while it is written, restored or verified
 */
export async function deleteBackup(context: BackupContext, id: string, actor: string): Promise<void> {
  await context.db.$transaction(async (tx) => {
    const row = await lockBackup(tx, id)
    if (!row) throw new AppError('not-found', `There is no backup ${id}.`)
    if (row.state === 'deleting') return
    const refusal = await refusalOf(tx, row)
    if (refusal) throw refusal
    await tx.backup.update({
      where: { id },
      data: { state: 'deleting', error: null, cleanedAt: null, nextTryAt: null, tries: 0 },
    })
    const subject = `${backupSubject(row)}, “${row.name}” of ${row.createdAt.toISOString()}`
    await recordAudit(tx, { actor, action: 'backup.delete', outcome: 'success', subject })
    await enqueue(context.jobs, tx, 'clean-up', id)
  })
}

/** Locked against being changed, and against a restore or verification that would start meanwhile. */
async function lockBackup(tx: Tx, id: string) {
  await tx.$queryRaw`SELECT 1 FROM "backup" WHERE "id" = ${id}::uuid FOR UPDATE`
  return tx.backup.findUnique({ where: { id } })
}

/**
 * In the transaction that makes a restore or a verification: the backup is complete, and cannot be marked for deletion
 * before that transaction ends.
 * @throws AppError `not-found` or `invalid`
 */
export async function mustStayComplete(tx: Tx, id: string): Promise<void> {
  const [row] = await tx.$queryRaw<{ state: string }[]>`
    SELECT "state"::text FROM "backup" WHERE "id" = ${id}::uuid FOR SHARE`
  if (!row) throw new AppError('not-found', `There is no backup ${id}.`)
  if (row.state !== 'complete') throw new AppError('invalid', `Backup ${id} is ${row.state}, not complete.`)
}

/** Why it must not be deleted now. */
export async function refusalOf(tx: Tx, backup: { id: string; state: string }): Promise<AppError | undefined> {
  if (isUnderWay(backup)) return new AppError('conflict', 'This backup has not ended yet.', { fix: 'Cancel it first.' })
  return (await inUse(tx, backup.id)) ?? (await toBeShredded(tx, backup.id))
}

/** Why its envelope must stay where it is at this moment. */
export async function inUse(tx: Tx, id: string): Promise<AppError | undefined> {
  const restore = await tx.restore.findFirst({ where: { backupId: id, state: { in: [...underWayStates] } } })
  if (restore)
    return new AppError('conflict', `This backup is being restored to ${restore.target}.`, {
      fix: 'Wait for the restore to end, or cancel it first.',
    })
  // One that waits for its key reads nothing: it ends with the backup.
  const verification = await tx.backupVerification.findFirst({
    where: { backupId: id, state: { in: ['queued', 'running'] } },
  })
  if (verification)
    return new AppError('conflict', 'This backup is being verified.', { fix: 'Wait for the verification to end.' })
  return undefined
}

/** A certificate is to say of it that nobody can read it: until then it is there to be looked at, or kept after all. */
export async function toBeShredded(tx: Tx, id: string): Promise<AppError | undefined> {
  const item = await tx.shredItem.findFirst({
    where: { backupId: id, shred: { state: { in: ['waiting', 'running'] } }, state: { in: ['waiting', 'claimed'] } },
    select: { shred: { select: { dueAt: true, state: true } } },
  })
  if (!item) return undefined
  const { dueAt, state } = item.shred
  return state === 'waiting'
    ? new AppError('conflict', `This backup is to be shredded on ${minuteText(dueAt)}.`, {
        fix: 'Undo that first, under Backups > Crypto-shred.',
      })
    : new AppError('conflict', 'This backup is being shredded.', { fix: 'Wait until it is.' })
}
