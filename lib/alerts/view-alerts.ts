import type { Tx } from '#lib/db.ts'
import { keyStates } from '#lib/key-health/schema.ts'
import { keyPath } from '#lib/key-holdings/schema.ts'
import { isScheduleTrouble, schedulesPath } from '#lib/schedules/schema.ts'
import { idOfSchedule } from './alert-of-schedule.ts'
import { type AlertContext, passwordPlace, storedSettings } from './alert-settings.ts'
import { type AlertChannel, type AlertsView, alertChannels, type DeliveryRow, type OpenAlert } from './schema.ts'

const shown = 20

/** What is wrong now, the newest first. */
export async function listOpenAlerts(db: Tx): Promise<OpenAlert[]> {
  const rows = await db.alert.findMany({ where: { openFor: { not: null } }, orderBy: { id: 'desc' } })
  return rows.map(({ id, subject, state, title, openedAt }) => {
    const shown = { id: String(id), title, openedAt: openedAt.toISOString() }
    return idOfSchedule(subject) === undefined
      ? { ...shown, of: 'key', state: keyStates.find((one) => one === state) ?? 'refused', path: keyPath(subject) }
      : { ...shown, of: 'schedule', state: isScheduleTrouble(state) ? state : 'failed', path: schedulesPath }
  })
}

export async function viewAlerts(context: AlertContext): Promise<AlertsView> {
  const { db } = context
  const [{ mail, webhook, updatedAt, updatedBy }, password, rows, open] = await Promise.all([
    storedSettings(db),
    db.sealedValue.count({ where: passwordPlace }),
    db.alertDelivery.findMany({ orderBy: [{ createdAt: 'desc' }, { id: 'desc' }], take: shown }),
    listOpenAlerts(db),
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
    open,
  }
}

const channelIn = (text: string): AlertChannel => alertChannels.find((one) => one === text) ?? 'mail'
const stateIn = (text: string): DeliveryRow['state'] => (text === 'sent' || text === 'failed' ? text : 'queued')
const titleIn = (message: unknown): string => String(Object(message).title ?? '')
