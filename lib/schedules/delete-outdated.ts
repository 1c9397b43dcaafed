import type { BackupContext } from '#lib/backup/backup-context.ts'
import { damagedBackups } from '#lib/backup/damaged-backups.ts'
import { deleteBackup } from '#lib/backup/delete-backup.ts'
import { type Db, databaseTime } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import { inRanks } from './far-less.ts'

/**
 * Of each schedule, deletes the complete backups that are more than it keeps. One that is in use is deleted later. None
 * takes a better one's place: not one that is known to be damaged, none that holds far less (a disk that was not mounted, or
 * went away in the middle), and none of a clock that was ahead, which would be the newest for years.
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
      orderBy: { id: 'asc' },
      select: { id: true, files: true, bytes: true, warningCount: true, createdAt: true },
    })
    const damaged = await damagedBackups(
      db,
      complete.map((backup) => backup.id),
    )
    const whole = complete.filter((backup) => !damaged.has(backup.id) && backup.createdAt <= now)
    const [good = [], ...less] = inRanks(whole)
    const oldestKept = good.at(-keep)
    const older = oldestKept ? complete.filter((backup) => backup.id < oldestKept.id) : []
    // Of the others, too, no more are of use.
    const more = less.flatMap((rank) => rank.slice(0, Math.max(0, rank.length - keep)))
    for (const { id: outdated } of new Set([...older, ...more])) found.push(outdated)
  }
  return found.sort()
}
