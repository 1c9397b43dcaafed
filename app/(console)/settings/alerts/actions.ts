'use server'
import { revalidatePath } from 'next/cache'
import { headers } from 'next/headers'
import { z } from 'zod'
import { change, permitted } from '#app/_lib/action.ts'
import type { Console } from '#app/_lib/console.ts'
import { type SaveBy, saveMail, saveWebhook } from '#lib/alerts/save-alerts.ts'
import { type AlertsResult, alertChannels, mailInputSchema, webhookInputSchema } from '#lib/alerts/schema.ts'
import { tryAlert } from '#lib/alerts/try-alert.ts'
import { confirmPassword } from '#lib/auth/confirm-password.ts'
import { limitKeyChecks } from '#lib/auth/limit-key-checks.ts'
import type { SessionUser } from '#lib/auth/schema.ts'
import { confirmedBy } from '#lib/environment/confirm.ts'

/** The person's own, where alerts are to go elsewhere than before. */
const confirmation = z.string().max(128).optional()

export async function saveMailAlerts(input: unknown, password?: unknown): Promise<AlertsResult> {
  const schema = z.object({ settings: mailInputSchema, password: confirmation })
  const result = await permitted('alerts.change', schema, { settings: input, password }, async (asked) =>
    saveMail(
      asked.console.backup,
      asked.input.settings,
      await byPerson(asked.console, asked.user, asked.input.password),
    ),
  )
  revalidatePath('/settings/alerts')
  return fieldsOf(result)
}

/** A signing secret that is new is in this one answer and nowhere else. */
export async function saveWebhookAlerts(input: unknown, password?: unknown): Promise<AlertsResult> {
  const schema = z.object({ settings: webhookInputSchema, password: confirmation })
  const result = await permitted('alerts.change', schema, { settings: input, password }, async (asked) =>
    saveWebhook(
      asked.console.backup,
      asked.input.settings,
      await byPerson(asked.console, asked.user, asked.input.password),
    ),
  )
  revalidatePath('/settings/alerts')
  return fieldsOf(result)
}

/** One message by the saved settings. */
export async function sendTest(input: unknown): Promise<AlertsResult> {
  const schema = z.object({ channel: z.enum(alertChannels) })
  return change('/settings/alerts', 'alerts.change', schema, input, async ({ console, user, input }) => {
    await limitKeyChecks(console.db, user, 'alerts.change')
    await tryAlert(console.backup, input.channel, user.email)
    return {}
  })
}

async function byPerson({ env, backup, auth }: Console, user: SessionUser, password = ''): Promise<SaveBy> {
  const sent = await headers()
  const verify = (word: string) => confirmPassword(backup.db, auth, { user, headers: sent }, word)
  return { actor: user.email, publicUrl: env.publicUrl, confirm: confirmedBy({ password, word: '' }, verify) }
}

/** As the form calls its fields. */
function fieldsOf(result: AlertsResult): AlertsResult {
  if (result.status !== 'error' || !result.fieldErrors) return result
  const fieldErrors = Object.fromEntries(
    Object.entries(result.fieldErrors).map(([name, message]) => [name.replace(/^settings\./, ''), message]),
  )
  return { ...result, fieldErrors }
}
