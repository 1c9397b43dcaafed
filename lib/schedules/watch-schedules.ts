import { alertOfSchedule, closeScheduleAlert, openScheduleAlerts } from '#lib/alerts/alert-of-schedule.ts'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { bytesText } from '#lib/bytes-text.ts'
import { count } from '#lib/count-text.ts'
import { type Db, databaseTime } from '#lib/db.ts'
import { liveHosts } from '#lib/jobs/choose-host.ts'
import { workerLogs } from '#lib/jobs/worker-logs.ts'
import { type Held, holdsFarLess } from './far-less.ts'
import { graver, type ScheduleTrouble } from './schema.ts'

// Nobody looks at backups that make themselves. Whatever keeps one from being made, the rows show it sooner or later, so
// they are what is looked at, and not each place where something can go wrong.

/** What waits less is not worth a message: most of it goes on by itself. */
const patienceMs = 3600_000
/** With `tryLater`, about an hour without getting any further. */
const triesInAnHour = 20

interface Newest extends Held {
  readonly id: string
  readonly scheduleId: string
  readonly state: string
  readonly error: string | null
  readonly waitingFor: string | null
  readonly tries: number
  readonly warning: string | null
  readonly createdAt: Date
}

interface Watched {
  readonly host: string
  readonly nextRunAt: Date
  readonly skipped: string | null
}

interface Trouble {
  readonly trouble: ScheduleTrouble
  readonly error: string
}

/** `well` closes an alert, `unknown` leaves it as it is. */
type Finding = Trouble | 'well' | 'unknown'

/** What a newest backup was found to hold, beside all earlier ones of its schedule. */
export type Compared = Map<
  string,
  { readonly newest: string; readonly at: Date; readonly trouble: Trouble | undefined }
>
/** Earlier ones change by being deleted alone: that may be noticed a little later. */
const comparedAgainMs = 5 * 60_000

/**
 * Opens and closes the alerts of schedules, when what is due was started. Several workers may do so at once.
 * @param compared kept by whoever watches again and again: rows of years are not read each time
 */
export async function watchSchedules({ db }: Pick<BackupContext, 'db'>, compared: Compared = new Map()): Promise<void> {
  const [schedules, newest, open, live, now] = await Promise.all([
    db.schedule.findMany({ where: { enabled: true } }),
    newestBackups(db),
    openScheduleAlerts(db),
    liveHosts(db),
    databaseTime(db),
  ])
  for (const id of compared.keys()) if (!newest.has(id)) compared.delete(id)
  const less = async (last: Newest) => {
    const known = compared.get(last.scheduleId)
    if (known?.newest === last.id && Math.abs(now.getTime() - known.at.getTime()) < comparedAgainMs)
      return known.trouble
    const trouble = await lessThanBefore(db, last)
    compared.set(last.scheduleId, { newest: last.id, at: now, trouble })
    return trouble
  }
  for (const schedule of schedules) {
    const served = live.some(({ host }) => host === schedule.host)
    const last = newest.get(schedule.id)
    const finding = findingOf(schedule, last, served, now) ?? (last && (await less(last))) ?? 'well'
    const alert = open.get(schedule.id)
    const isKnown =
      typeof finding === 'string'
        ? finding === 'unknown' || !alert
        : alert?.detail === finding.error && !graver(finding.trouble, alert.state)
    if (isKnown) continue
    await db.$transaction(async (tx) => {
      // Once, and not if it was paused or removed meanwhile.
      const [locked] = await tx.$queryRaw<{ id: string }[]>`
        SELECT "id" FROM "schedule" WHERE "id" = ${schedule.id}::uuid AND "enabled" FOR UPDATE SKIP LOCKED`
      if (!locked) return
      if (finding === 'well') await closeScheduleAlert(tx, schedule, 'is made again', now)
      else if (finding !== 'unknown') await alertOfSchedule(tx, schedule, finding, now)
    })
  }
}

function findingOf(
  { host, nextRunAt, skipped }: Watched,
  newest: Newest | undefined,
  served: boolean,
  now: Date,
): Finding | undefined {
  const nobody = `No worker of ${host} is running. Start one there with byok worker, or pause or remove the schedule.`
  switch (newest?.state) {
    case 'waiting':
      return newest.tries < triesInAnHour
        ? 'unknown'
        : { trouble: 'waiting', error: `It waits for its ${newest.waitingFor}. ${newest.error ?? ''}`.trim() }
    case 'queued':
      if (now.getTime() - newest.createdAt.getTime() < patienceMs) return 'unknown'
      return { trouble: 'waiting', error: served ? `The workers of ${host} have other work to do.` : nobody }
    case 'running':
      // Its next run came meanwhile, and the machine that makes it is gone.
      return skipped !== null && !served ? { trouble: 'waiting', error: nobody } : 'unknown'
  }
  if (skipped !== null) return { trouble: 'skipped', error: skipped }
  if (now.getTime() - nextRunAt.getTime() > patienceMs)
    return { trouble: 'skipped', error: `It could not be started at its time. ${workerLogs}` }
  if (!newest) return 'unknown'
  if (newest.state === 'failed') return { trouble: 'failed', error: newest.error ?? 'It does not say why.' }
  if (newest.files === 0 && newest.warningCount > 0) return { trouble: 'empty', error: newest.warning ?? '' }
  return undefined
}

/** It takes no place of those that hold more, which are then more than the schedule keeps: that must be said. */
async function lessThanBefore(db: Db, newest: Newest): Promise<Trouble | undefined> {
  const earlier = await db.backup.findMany({
    where: { scheduleId: newest.scheduleId, state: 'complete', id: { lt: newest.id } },
    orderBy: { id: 'desc' },
    select: { id: true, files: true, bytes: true, warningCount: true, createdAt: true },
  })
  const more = earlier.find((one) => holdsFarLess(newest, one))
  if (!more) return undefined
  const size = ({ files, bytes }: Held) => `${count(files ?? 0, 'file')} (${bytesText(Number(bytes ?? 0n))})`
  const unread = newest.warningCount > 0 ? `, with ${count(newest.warningCount, 'warning')},` : ''
  const error = `It holds ${size(newest)}${unread} and the one of ${more.createdAt.toISOString().slice(0, 10)} ${size(more)}. Was all of its source there? Those that hold more are kept until it holds as much again: if it is meant to hold so little, delete them.`
  return { trouble: 'less', error }
}

/** Of each schedule, but for what somebody cancelled or deletes. */
async function newestBackups(db: Db): Promise<Map<string, Newest>> {
  const rows = await db.$queryRaw<Newest[]>`
    SELECT b.* FROM "schedule" s CROSS JOIN LATERAL (
      SELECT "id"::text, "scheduleId", "state"::text, "error", "waitingFor", "tries", "files", "bytes", "warningCount", "createdAt",
        "warnings"->0->>'message' AS "warning"
      FROM "backup" WHERE "scheduleId" = s."id" AND "state" NOT IN ('cancelled', 'deleting')
      ORDER BY "id" DESC LIMIT 1) b
    WHERE s."enabled"`
  return new Map(rows.map((row) => [row.scheduleId, row]))
}
