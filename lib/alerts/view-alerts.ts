import type { Tx } from '#lib/db.ts'
import { keyStates } from '#lib/key-health/schema.ts'
import { type AlertContext, passwordPlace, storedSettings } from './alert-settings.ts'
import { type AlertChannel, type AlertsView, alertChannels, type DeliveryRow, type OpenAlert } from './schema.ts'

const shown = 20

/** What is wrong with keys now, the newest first. */
export async function listOpenAlerts(db: Tx): Promise<OpenAlert[]> {
  const rows = await db.alert.findMany({ where: { openFor: { not: null } }, orderBy: { id: 'desc' } })
  return rows.map(({ id, arn, state, title, openedAt }) => ({
    id: String(id),
    arn,
    state: keyStates.find((one) => one === state) ?? 'refused',
    title,
    openedAt: openedAt.toISOString(),
  }))
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
      webhook,
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
