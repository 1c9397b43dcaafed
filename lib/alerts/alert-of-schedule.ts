import { displayPath, toBytePath } from '#lib/archive/byte-path.ts'
import type { Tx } from '#lib/db.ts'
import { graver, type ScheduleTrouble, schedulesPath } from '#lib/schedules/schema.ts'
import { queueDeliveries } from './queue-deliveries.ts'
import type { AlertMessage } from './schema.ts'

interface Schedule {
  readonly id: string
  readonly name: string
  readonly source: string
  readonly host: string
}

interface Found {
  readonly trouble: ScheduleTrouble
  /** Sentences: what happened, why, what to do. */
  readonly error: string
}

/** Of the subject of an alert. */
export const schedulePrefix = 'schedule:'

/** Undefined where the alert is of a key. */
export function idOfSchedule(subject: string): string | undefined {
  return subject.startsWith(schedulePrefix) ? subject.slice(schedulePrefix.length) : undefined
}

/**
 * Of every schedule with an open alert, the worst that was told, and what is wrong now.
 * @param ids only of these
 */
export async function openScheduleAlerts(
  db: Tx,
  ids?: readonly string[],
): Promise<Map<string, { readonly state: string; detail: string }>> {
  const openFor = ids ? { in: ids.map((id) => `${schedulePrefix}${id}`) } : { startsWith: schedulePrefix }
  const rows = await db.alert.findMany({ where: { openFor } })
  return new Map(rows.map(({ subject, state, detail }) => [subject.slice(schedulePrefix.length), { state, detail }]))
}

/** Takes the transaction that has locked the schedule. Tells what is new or worse; the rest is only shown. */
export async function alertOfSchedule(tx: Tx, schedule: Schedule, found: Found, at: Date): Promise<void> {
  const { trouble: state, error: detail } = found
  const subject = `${schedulePrefix}${schedule.id}`
  const open = await tx.alert.findUnique({ where: { openFor: subject } })
  const title = `The scheduled backup “${shown(schedule.name)}” ${told[state]}`
  const isNews = !open || graver(state, open.state)
  const alert = open
    ? await tx.alert.update({ where: { id: open.id }, data: { ...(isNews && { state }), title, detail } })
    : await tx.alert.create({ data: { subject, openFor: subject, state, title, detail, openedAt: at } })
  if (!isNews) return
  const kind = open ? 'worse' : 'opened'
  await queueDeliveries(tx, alert.id, await messageOf(tx, schedule, { kind, title, at, state, error: detail }), at)
}

/** Nothing happens where none is open. */
export async function closeScheduleAlert(tx: Tx, schedule: Schedule, why: string, at: Date): Promise<void> {
  const open = await tx.alert.findUnique({ where: { openFor: `${schedulePrefix}${schedule.id}` } })
  if (!open) return
  await tx.alert.update({ where: { id: open.id }, data: { openFor: null, closedAt: at } })
  const title = `The scheduled backup “${shown(schedule.name)}” ${why}`
  const message = await messageOf(tx, schedule, { kind: 'closed', title, at, state: null, error: null })
  await queueDeliveries(tx, open.id, message, at)
}

const told: Record<ScheduleTrouble, string> = {
  waiting: 'has been waiting for an hour',
  skipped: 'was not started',
  failed: 'failed',
  empty: 'holds nothing',
  less: 'holds far less than before',
}

const shown = (text: string) => displayPath(toBytePath(text))

async function messageOf(
  tx: Tx,
  { id, name, source, host }: Schedule,
  news: Pick<AlertMessage, 'kind' | 'title'> &
    Pick<NonNullable<AlertMessage['schedule']>, 'state' | 'error'> & { at: Date },
): Promise<AlertMessage> {
  const { kind, title, at, state, error } = news
  const last = await tx.backup.findFirst({
    where: { scheduleId: id, state: 'complete', files: { gt: 0 } },
    orderBy: { id: 'desc' },
    select: { createdAt: true },
  })
  const lastComplete = last?.createdAt.toISOString() ?? null
  const schedule = { id, name, source: shown(source), host, state, error, lastComplete }
  return { kind, title, at: at.toISOString(), schedule, path: schedulesPath }
}
