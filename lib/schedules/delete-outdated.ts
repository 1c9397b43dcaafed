import type { BackupContext } from '#lib/backup/backup-context.ts'
import { damagedBackups } from '#lib/backup/damaged-backups.ts'
import { deleteBackup } from '#lib/backup/delete-backup.ts'
import type { Db } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'

/**
 * Of each schedule, deletes the complete backups that are more than it keeps. One that is in use is deleted later; one
 * that is known to be damaged keeps no other from being kept.
 */
export async function deleteOutdated(context: BackupContext): Promise<void> {
  for (const id of await outdated(context.db))
    await deleteBackup(context, id, 'console').catch((error: unknown) => {
      if (!(error instanceof AppError)) throw error
    })
}

/** Oldest first. */
async function outdated(db: Db): Promise<string[]> {
  const full = await db.$queryRaw<{ id: string; keep: number }[]>`
    SELECT s."id", s."keep" FROM "schedule" s JOIN "backup" b ON b."scheduleId" = s."id" AND b."state" = 'complete'
    GROUP BY s."id" HAVING count(*) > s."keep"`
  const found: string[] = []
  for (const { id, keep } of full) {
    const complete = await db.backup.findMany({
      where: { scheduleId: id, state: 'complete' },
      orderBy: { id: 'desc' },
      select: { id: true },
    })
    const ids = complete.map((backup) => backup.id)
    const damaged = await damagedBackups(db, ids)
    const whole = ids.filter((backup) => !damaged.has(backup))
    const oldestKept = whole[keep - 1]
    if (oldestKept !== undefined) found.push(...ids.filter((backup) => backup < oldestKept))
  }
  return found.sort()
}
