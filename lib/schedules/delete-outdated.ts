import type { BackupContext } from '#lib/backup/backup-context.ts'
import { deleteBackup } from '#lib/backup/delete-backup.ts'
import { AppError } from '#lib/errors.ts'

/** Of each schedule, deletes the complete backups that are more than it keeps. One that is in use is deleted later. */
export async function deleteOutdated(context: BackupContext): Promise<void> {
  const outdated = await context.db.$queryRaw<{ id: string }[]>`
    SELECT "id" FROM (
      SELECT b."id", s."keep", row_number() OVER (PARTITION BY b."scheduleId" ORDER BY b."id" DESC) AS "place"
      FROM "backup" b JOIN "schedule" s ON s."id" = b."scheduleId" WHERE b."state" = 'complete'
    ) AS "ranked" WHERE "place" > "keep" ORDER BY "id"`
  for (const { id } of outdated)
    await deleteBackup(context, id, 'console').catch((error: unknown) => {
      if (!(error instanceof AppError)) throw error
    })
}
