import { putSealed } from '#lib/seal/sealed-values.ts'
import { type AlertContext, storedSettings, urlPlace } from './alert-settings.ts'

/** When the console starts: an address that one from before left in the row itself becomes a sealed value. */
export async function sealWebhookUrl(context: Pick<AlertContext, 'db' | 'installation' | 'seal'>): Promise<void> {
  const { db } = context
  if (!(await storedSettings(db)).webhook?.url) return
  await db.$transaction(async (tx) => {
    // Several processes start at once, and somebody may save: whoever comes second finds it done.
    await tx.$queryRaw`SELECT 1 FROM "alert_settings" FOR UPDATE`
    const { webhook } = await storedSettings(tx)
    if (!webhook?.url) return
    await putSealed(tx, context, urlPlace, Buffer.from(webhook.url))
    await tx.alertSettings.updateMany({ data: { webhook: { origin: webhook.origin } } })
  })
}
