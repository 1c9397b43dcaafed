import { openScheduleAlerts } from '#lib/alerts/alert-of-schedule.ts'
import { type Db, literally } from '#lib/db.ts'
import { liveHosts } from '#lib/jobs/choose-host.ts'
import type { ScheduleRow, SchedulesQuery, SchedulesView } from './schema.ts'

const pageSize = 25

/** A page at a time: those in trouble first, the newest trouble before older ones, then as they were added. */
export async function viewSchedules(
  { db }: { readonly db: Db },
  { text, page: asked }: SchedulesQuery,
): Promise<SchedulesView> {
  const like = text && { contains: literally(text), mode: 'insensitive' as const }
  const where = like ? { OR: [{ name: like }, { source: like }, { host: like }] } : {}
  const [total, found] = await Promise.all([db.schedule.count(), db.schedule.count({ where })])
  const pages = Math.max(1, Math.ceil(found / pageSize))
  const page = Math.min(asked, pages)
  const pattern = text === undefined ? '%' : `%${literally(text)}%`
  const ids = await db.$queryRaw<{ id: string }[]>`
    SELECT schedule.id::text FROM schedule LEFT JOIN alert ON alert."openFor" = 'schedule:' || schedule.id
    WHERE name ILIKE ${pattern} OR source ILIKE ${pattern} OR host ILIKE ${pattern}
    ORDER BY alert.id DESC NULLS LAST, schedule.id LIMIT ${pageSize} OFFSET ${(page - 1) * pageSize}`
  const rows = new Map(
    (
      await listSchedules(
        { db },
        ids.map(({ id }) => id),
      )
    ).map((row) => [row.id, row]),
  )
  return { rows: ids.flatMap(({ id }) => rows.get(id) ?? []), total, found, page, pages }
}

/** As they were added. @param ids of which; undefined: all of them */
export async function listSchedules({ db }: { readonly db: Db }, ids?: readonly string[]): Promise<ScheduleRow[]> {
  const schedules = await db.schedule.findMany({
    ...(ids && { where: { id: { in: [...ids] } } }),
    orderBy: { id: 'asc' },
  })
  const [live, backups, alerts] = await Promise.all([
    liveHosts(db),
    // One of thousands of backups each: Prisma would fetch all of them to find the newest.
    db.$queryRaw<{ schedule: string; kept: number; id: string | null; state: string }[]>`
      SELECT asked.id::text AS schedule, newest.id::text, newest.state::text,
        (SELECT count(*)::int FROM backup WHERE "scheduleId" = asked.id AND state = 'complete') AS kept
      FROM unnest(${schedules.map(({ id }) => id)}::uuid[]) AS asked (id) LEFT JOIN LATERAL (
        SELECT id, state FROM backup WHERE "scheduleId" = asked.id ORDER BY id DESC LIMIT 1
      ) AS newest ON true`,
    openScheduleAlerts(db, ids),
  ])
  const hosts = new Set(live.map(({ host }) => host))
  const backupsOf = new Map(backups.map((row) => [row.schedule, row]))
  return schedules.map((schedule) => {
    const { kept = 0, id = null, state = '' } = backupsOf.get(schedule.id) ?? {}
    return {
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
      served: hosts.has(schedule.host),
      kept,
      last: id === null ? null : { id, state },
    }
  })
}
