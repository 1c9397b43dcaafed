import type { Tx } from '#lib/db.ts'
import { type AlertChannel, type AlertMessage, alertChannels } from './schema.ts'

const soonMs = 60_000

/** One row for each channel that is set up. Whichever worker comes first sends it. */
export async function queueDeliveries(tx: Tx, alertId: bigint | null, message: AlertMessage, at: Date): Promise<void> {
  const settings = await tx.alertSettings.findFirst()
  const channels = alertChannels.filter((channel) => settings?.[channel])
  // They go before it, and may have an hour to wait. Not at once: one that is being sent is due in less than that.
  const soon = new Date(at.getTime() + soonMs)
  const alert =
    alertId === null ? null : await tx.alert.findUnique({ where: { id: alertId }, select: { subject: true } })
  if (alert)
    await tx.alertDelivery.updateMany({
      where: { alert: { subject: alert.subject }, state: 'queued', nextTryAt: { gt: soon } },
      data: { nextTryAt: soon },
    })
  await tx.alertDelivery.createMany({ data: channels.map((channel) => deliveryOf(alertId, channel, message, at)) })
}

export function deliveryOf(alertId: bigint | null, channel: AlertChannel, message: AlertMessage, at: Date) {
  return { alertId, channel, message: JSON.parse(JSON.stringify(message)), nextTryAt: at, createdAt: at }
}
