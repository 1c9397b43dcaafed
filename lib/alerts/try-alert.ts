import { recordAudit } from '#lib/audit/record.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import type { AlertContext } from './alert-settings.ts'
import { deliveryOf } from './queue-deliveries.ts'
import type { AlertChannel, AlertMessage } from './schema.ts'
import { deliver } from './send-due.ts'

/**
 * Sends one message now, by the saved settings, while somebody waits. It is not tried again.
 * @throws AppError with what went wrong
 */
export async function tryAlert(
  context: AlertContext,
  channel: AlertChannel,
  actor: string,
  timeoutMs = 15_000,
): Promise<void> {
  const { db } = context
  const now = new Date()
  const message: AlertMessage = {
    kind: 'test',
    title: 'This is a test: alerts of this console arrive here',
    at: now.toISOString(),
    path: '/settings/alerts',
  }
  // Not due, so that no worker takes it.
  const { id } = await db.alertDelivery.create({
    data: { ...deliveryOf(null, channel, message, now), state: 'failed', tries: 1, nextTryAt: null },
  })
  let note: string | undefined
  let trouble: unknown
  try {
    note = await deliver(context, { id, channel, message, timeoutMs })
  } catch (error) {
    trouble = error
  }
  await db.$transaction(async (tx) => {
    await tx.alertDelivery.update({
      where: { id },
      data: trouble
        ? { lastError: messageOf(trouble).slice(0, 2000) }
        : { state: 'sent', sentAt: new Date(), lastError: note ?? null },
    })
    await recordAudit(tx, {
      actor,
      action: 'alerts.test',
      outcome: trouble ? 'failed' : 'success',
      subject: `By ${channel}`,
    })
  })
  if (trouble instanceof AppError) throw trouble
  if (trouble) throw new AppError('unavailable', 'The test could not be sent.', { cause: trouble })
}
