import { recordAudit } from '#lib/audit/record.ts'
import { idAndTime } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import { enqueue } from '#lib/jobs/queue.ts'
import type { BackupContext } from './backup-context.ts'
import type { VerifyDepth } from './schema.ts'
import { underWayStates } from './under-way-schema.ts'

/** Makes the row, the audit row and the job in one transaction; any worker does the rest. Returns the verification's ID. */
export async function startVerification(
  context: BackupContext,
  { backupId, depth }: { backupId: string; depth: VerifyDepth },
  actor: string,
): Promise<string> {
  return context.db.$transaction(async (tx) => {
    // Locked, so that of two clicks one finds the other's row.
    const [backup] = await tx.$queryRaw<{ state: string }[]>`
      SELECT "state"::text FROM "backup" WHERE "id" = ${backupId}::uuid FOR UPDATE`
    if (!backup) throw new AppError('not-found', `There is no backup ${backupId}.`)
    if (backup.state !== 'complete')
      throw new AppError('invalid', `Backup ${backupId} is ${backup.state}, so there is nothing to verify.`)
    const underWay = await tx.backupVerification.findFirst({
      where: { backupId, state: { in: [...underWayStates] } },
    })
    if (underWay)
      throw new AppError('conflict', `Backup ${backupId} is being verified already.`, {
        fix:
          underWay.state === 'waiting'
            ? `It waits for the ${underWay.waitingFor ?? 'key'}, and goes on by itself.`
            : 'Wait for its result.',
      })
    // Of two the newer counts, by its ID.
    const { id } = await tx.backupVerification.create({
      data: { ...(await idAndTime(tx)), backupId, depth, createdBy: actor },
      select: { id: true },
    })
    await recordAudit(tx, {
      actor,
      action: 'verify.start',
      outcome: 'success',
      subject: `Backup ${backupId}`,
      changes: { depth: [null, depth] },
    })
    await enqueue(context.jobs, tx, 'verify', id)
    return id
  })
}
