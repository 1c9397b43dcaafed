import type { BackupContext } from '#lib/backup/backup-context.ts'
import { damagedBackups } from '#lib/backup/damaged-backups.ts'
import { deleteBackup } from '#lib/backup/delete-backup.ts'
import { type Db, databaseTime } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'

/**
 * Of each schedule, deletes the complete backups that are more than it keeps. One that is in use is deleted later. None
 * takes a better one's place: not one that is known to be damaged, none without a single file of those there should have
 * been (a disk that was not mounted), as long as others have some, and none of a clock that was ahead, which would be the
 * newest for years.
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
  const now = await databaseTime(db)
  const found: string[] = []
  for (const { id, keep } of full) {
    const complete = await db.backup.findMany({
      where: { scheduleId: id, state: 'complete' },
      orderBy: { id: 'desc' },
      select: { id: true, files: true, warningCount: true, createdAt: true },
    })
    const damaged = await damagedBackups(
      db,
      complete.map((backup) => backup.id),
    )
    const whole = complete.filter((backup) => !damaged.has(backup.id) && backup.createdAt <= now)
    const { holding = [], empty = [] } = Object.groupBy(whole, ({ files, warningCount }) =>
      files === 0 && warningCount > 0 ? 'empty' : 'holding',
    )
    const oldestKept = (holding.length > 0 ? holding : empty)[keep - 1]
    const older = oldestKept ? complete.filter((backup) => backup.id < oldestKept.id) : []
    // Of them, too, no more are of use.
    for (const { id: outdated } of new Set([...older, ...empty.slice(keep)])) found.push(outdated)
  }
  return found.sort()
}
