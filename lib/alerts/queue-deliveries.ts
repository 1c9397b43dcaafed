import type { Tx } from '#lib/db.ts'
import { type AlertChannel, type AlertMessage, alertChannels } from './schema.ts'

/** One row for each channel that is set up. Whichever worker comes first sends it. */
export async function queueDeliveries(tx: Tx, alertId: bigint | null, message: AlertMessage, at: Date): Promise<void> {
  const settings = await tx.alertSettings.findFirst()
  const channels = alertChannels.filter((channel) => settings?.[channel])
  await tx.alertDelivery.createMany({ data: channels.map((channel) => deliveryOf(alertId, channel, message, at)) })
}

export function deliveryOf(alertId: bigint | null, channel: AlertChannel, message: AlertMessage, at: Date) {
  return { alertId, channel, message: JSON.parse(JSON.stringify(message)), nextTryAt: at, createdAt: at }
}
