import { closeScheduleAlert } from '#lib/alerts/alert-of-schedule.ts'
import { recordAudit } from '#lib/audit/record.ts'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { nameAfter, placeSource } from '#lib/backup/start-backup.ts'
import { databaseTime, idAndTime } from '#lib/db.ts'
import { savedEnvironment } from '#lib/environment/access.ts'
import { AppError } from '#lib/errors.ts'
import { nextRun } from './next-run.ts'
import { type AddedSchedule, type AddSchedule, type ChangeScheduleInput, timeWords } from './schema.ts'

export async function addSchedule(
  context: BackupContext,
  input: AddSchedule,
  from: 'page' | 'host',
  actor: string,
): Promise<AddedSchedule> {
  const { folder, host } = await placeSource(context, input, from)
  const { environmentId } = await savedEnvironment(context.db)
  const { every, at: minute, keep, include, exclude } = input
  const times = { every, minute, weekday: every === 'weekly' ? input.weekday : null }
  const name = input.name || nameAfter(folder)
  return context.db.$transaction(async (tx) => {
    const made = await idAndTime(tx)
    const { id, nextRunAt } = await tx.schedule.create({
      data: {
        ...made,
        ...times,
        environmentId,
        name,
        source: folder,
        host,
        include,
        exclude,
        keep,
        nextRunAt: nextRun(times, made.createdAt),
        createdBy: actor,
      },
      select: { id: true, nextRunAt: true },
    })
    await recordAudit(tx, {
      actor,
      action: 'schedule.add',
      outcome: 'success',
      subject: `${name} (schedule ${id})`,
      changes: { source: [null, folder], when: [null, timeWords(times)], keep: [null, String(keep)] },
    })
    return { id, name, nextRunAt: nextRunAt.toISOString() }
  })
}

/**
 * `run`: as if its time had come. Its backups stay, and are no longer deleted by themselves when it is removed.
 * @throws AppError `not-found`, or `conflict` where one that is paused is to run
 */
export async function changeSchedule(
  { db }: Pick<BackupContext, 'db'>,
  id: string,
  change: ChangeScheduleInput['change'],
  actor: string,
): Promise<void> {
  await db.$transaction(async (tx) => {
    // Of two at once the second waits here, and finds what the first made of it.
    await tx.$queryRaw`SELECT 1 FROM "schedule" WHERE "id" = ${id}::uuid FOR UPDATE`
    const schedule = await tx.schedule.findUnique({ where: { id } })
    if (!schedule)
      throw new AppError('not-found', `There is no schedule ${id}.`, { fix: 'It may have been removed meanwhile.' })
    const now = await databaseTime(tx)
    if (change === 'remove') {
      await closeScheduleAlert(tx, schedule, 'was removed', now)
      await tx.schedule.delete({ where: { id } })
    } else if (change === 'run') {
      if (!schedule.enabled)
        throw new AppError('conflict', `The schedule “${schedule.name}” is paused.`, { fix: 'Resume it first.' })
      await tx.schedule.update({ where: { id }, data: { nextRunAt: now } })
    } else {
      const enabled = change === 'resume'
      if (schedule.enabled === enabled) return
      // What was missed while it was paused was meant to be missed.
      const nextRunAt = enabled ? nextRun(schedule, now) : schedule.nextRunAt
      await tx.schedule.update({ where: { id }, data: { enabled, nextRunAt, skipped: null } })
      if (!enabled) await closeScheduleAlert(tx, schedule, 'was paused', now)
    }
    const subject = `${schedule.name} (schedule ${id})`
    await recordAudit(tx, { actor, action: `schedule.${change}`, outcome: 'success', subject })
  })
}
