import { recordAudit } from '#lib/audit/record.ts'
import { AppError } from '#lib/errors.ts'
import { enqueue } from '#lib/jobs/queue.ts'
import type { BackupContext } from './backup-context.ts'
import { resolveTarget } from './folders.ts'

/** Makes the row, the audit row and the job in one transaction; a worker does the rest. Returns the restore's ID. */
export async function startRestore(
  context: BackupContext,
  { backupId, target }: { backupId: string; target: string },
  from: 'page' | 'host',
  actor: string,
): Promise<string> {
  const backup = await context.db.backup.findUnique({ where: { id: backupId } })
  if (!backup) throw new AppError('not-found', `There is no backup ${backupId}.`)
  if (backup.state !== 'complete')
    throw new AppError('invalid', `Backup ${backupId} is ${backup.state}, so there is nothing to restore.`)
  const folder = resolveTarget(context, target, from)
  return context.db.$transaction(async (tx) => {
    const { id } = await tx.restore.create({
      data: { backupId, target: folder, createdBy: actor },
      select: { id: true },
    })
    await recordAudit(tx, {
      actor,
      action: 'restore.start',
      outcome: 'success',
      subject: `Backup ${backupId} to ${folder}`,
    })
    await enqueue(context.jobs, tx, 'restore', id)
    return id
  })
}
