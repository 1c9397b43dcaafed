import { openScheduleAlerts } from '#lib/alerts/alert-of-schedule.ts'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { liveHosts } from '#lib/jobs/choose-host.ts'
import type { ScheduleRow } from './schema.ts'

export async function viewSchedules({ db }: Pick<BackupContext, 'db'>): Promise<ScheduleRow[]> {
  const [schedules, live, complete, newest, alerts] = await Promise.all([
    db.schedule.findMany({ orderBy: { id: 'asc' } }),
    liveHosts(db),
    db.backup.groupBy({ by: ['scheduleId'], where: { scheduleId: { not: null }, state: 'complete' }, _count: true }),
    db.backup.findMany({
      where: { scheduleId: { not: null } },
      distinct: ['scheduleId'],
      orderBy: [{ scheduleId: 'asc' }, { id: 'desc' }],
      select: { id: true, state: true, scheduleId: true },
    }),
    openScheduleAlerts(db),
  ])
  return schedules.map((schedule) => ({
    id: schedule.id,
    name: schedule.name,
    source: schedule.source,
    host: schedule.host,
    include: schedule.include,
    exclude: schedule.exclude,
    every: schedule.every === 'weekly' ? 'weekly' : 'daily',
    weekday: schedule.weekday,
    minute: schedule.minute,
    keep: schedule.keep,
    enabled: schedule.enabled,
    nextRunAt: schedule.nextRunAt.toISOString(),
    lastRunAt: schedule.lastRunAt?.toISOString() ?? null,
    skipped: schedule.skipped,
    trouble: alerts.get(schedule.id)?.detail ?? null,
    served: live.some((one) => one.host === schedule.host),
    kept: complete.find((one) => one.scheduleId === schedule.id)?._count ?? 0,
    last: newest.find((one) => one.scheduleId === schedule.id) ?? null,
  }))
}
