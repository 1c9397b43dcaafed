import type { Tx } from '#lib/db.ts'
import { keyPath } from '#lib/key-holdings/schema.ts'
import { schedulesPath } from '#lib/schedules/schema.ts'
import { idOfSchedule, schedulePrefix } from './alert-of-schedule.ts'
import { type AlertContext, passwordPlace, storedSettings } from './alert-settings.ts'
import { type AlertChannel, type AlertsView, alertChannels, type DeliveryRow, type OpenAlerts } from './schema.ts'

const shown = 20

/** They stand at the top of every page: more than these are told by their number. */
const mostOpen = 2

/** What is wrong now, the newest first. A deletion is not in it: it counts down by itself, and is quiet when nothing is lost by it. */
export async function viewOpenAlerts(db: Tx): Promise<OpenAlerts> {
  const where = { openFor: { not: null }, state: { not: 'pending deletion' } }
  const rows = await db.alert.findMany({ where, orderBy: { id: 'desc' }, take: mostOpen })
  const isOfSchedule = ({ subject }: { subject: string }) => idOfSchedule(subject) !== undefined
  const [all, schedules] =
    rows.length < mostOpen
      ? [rows.length, rows.filter(isOfSchedule).length]
      : await Promise.all([
          db.alert.count({ where }),
          db.alert.count({ where: { AND: [where, { openFor: { startsWith: schedulePrefix } }] } }),
        ])
  const moreSchedules = schedules - rows.filter(isOfSchedule).length
  return {
    rows: rows.map((row) => ({
      id: String(row.id),
      title: row.title,
      path: isOfSchedule(row) ? schedulesPath : keyPath(row.subject),
      openedAt: row.openedAt.toISOString(),
    })),
    moreSchedules,
    moreKeys: all - rows.length - moreSchedules,
  }
}

export async function viewAlerts(context: AlertContext): Promise<AlertsView> {
  const { db } = context
  const [{ mail, webhook, updatedAt, updatedBy }, password, rows] = await Promise.all([
    storedSettings(db),
    db.sealedValue.count({ where: passwordPlace }),
    db.alertDelivery.findMany({ orderBy: [{ createdAt: 'desc' }, { id: 'desc' }], take: shown }),
  ])
  return {
    settings: {
      mail: mail && { ...mail, hasPassword: password > 0 },
      webhook: webhook && { origin: webhook.origin },
      updatedAt: updatedAt?.toISOString() ?? null,
      updatedBy,
    },
    deliveries: rows.map(({ id, createdAt, channel, message, state, tries, nextTryAt, lastError }) => ({
      id,
      createdAt: createdAt.toISOString(),
      channel: channelIn(channel),
      title: titleIn(message),
      state: stateIn(state),
      tries,
      nextTryAt: nextTryAt?.toISOString() ?? null,
      lastError,
    })),
  }
}

const channelIn = (text: string): AlertChannel => alertChannels.find((one) => one === text) ?? 'mail'
const stateIn = (text: string): DeliveryRow['state'] => (text === 'sent' || text === 'failed' ? text : 'queued')
const titleIn = (message: unknown): string => String(Object(message).title ?? '')
