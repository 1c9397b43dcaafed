import { recordAudit } from '#lib/audit/record.ts'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { createBackupRow } from '#lib/backup/start-backup.ts'
import { underWayStates } from '#lib/backup/under-way-schema.ts'
import { databaseTime, type Tx } from '#lib/db.ts'
import { savedEnvironment } from '#lib/environment/access.ts'
import { AppError, isDatabaseOutOfReach, messageOf } from '#lib/errors.ts'
import { enqueue } from '#lib/jobs/queue.ts'
import { nextRun } from './next-run.ts'

/**
 * Starts the backup of every schedule that is due, once, however many runs were missed. Several workers may do so at
 * once: a schedule is locked while its backup is made, and its next run is later when the lock is gone. One that cannot
 * be started holds up no other.
 * @throws what went wrong with the first of those, when all others have been started
 */
export async function runDueSchedules(context: BackupContext): Promise<void> {
  const now = await databaseTime(context.db)
  const failed = new Map<string, unknown>()
  for (let due: string | undefined; ; ) {
    try {
      due = undefined
      const more = await context.db.$transaction(async (tx) => {
        due = await lockDue(tx, now, [...failed.keys()])
        if (due !== undefined) await runOne(context, tx, due, now)
        return due !== undefined
      })
      if (!more) break
    } catch (error) {
      if (due === undefined || isDatabaseOutOfReach(error)) throw error
      failed.set(due, error)
    }
  }
  for (const [id, cause] of failed) throw new Error(`Schedule ${id} was not started: ${messageOf(cause)}`, { cause })
}

async function lockDue(tx: Tx, now: Date, except: string[]): Promise<string | undefined> {
  // Further away than a run can be: the clock was ahead when it was planned. A clock that is put right by a little less
  // than that is waited for, so that no run comes twice.
  const [due] = await tx.$queryRaw<{ id: string }[]>`
    SELECT "id" FROM "schedule" WHERE "enabled" AND "id" <> ALL (${except}::uuid[]) AND ("nextRunAt" <= ${now}
      OR "nextRunAt" > ${now}::timestamptz + CASE "every" WHEN 'daily' THEN interval '36 hours' ELSE interval '8 days' END)
    ORDER BY "nextRunAt" LIMIT 1 FOR UPDATE SKIP LOCKED`
  return due?.id
}

async function runOne(context: BackupContext, tx: Tx, id: string, now: Date): Promise<void> {
  const schedule = await tx.schedule.findUniqueOrThrow({ where: { id } })
  if (schedule.nextRunAt > now) {
    await tx.schedule.update({ where: { id: schedule.id }, data: { nextRunAt: nextRun(schedule, now) } })
    return
  }
  await tx.schedule.update({
    where: { id: schedule.id },
    data: { nextRunAt: nextRun(schedule, now), lastRunAt: now, skipped: null },
  })
  const skip = async (skipped: string) => {
    await tx.schedule.update({ where: { id: schedule.id }, data: { skipped } })
    await recordAudit(tx, {
      actor: 'console',
      action: 'schedule.skip',
      outcome: 'failed',
      subject: `${schedule.name} (schedule ${schedule.id}): ${skipped}`,
    })
  }
  const running = await tx.backup.findFirst({
    where: { scheduleId: schedule.id, state: { in: [...underWayStates] } },
    select: { id: true },
  })
  if (running) {
    await skip(`backup ${running.id}, started by it before, has not ended yet.`)
    return
  }
  try {
    const { environmentId, revision } = await savedEnvironment(tx)
    const { source: path, host, include, exclude } = schedule
    const id = await createBackupRow(tx, {
      environmentId,
      revision,
      name: schedule.name,
      source: { kind: 'folder', path, host, include, exclude },
      scheduleId: schedule.id,
      actor: 'console',
    })
    await enqueue(context.jobs, tx, 'backup', id, { host })
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    await skip(messageOf(error))
  }
}
