import { z } from 'zod'
import type { Tx } from '#lib/db.ts'
import type { EnvironmentContext } from '#lib/environment/access.ts'
import type { Place } from '#lib/seal/open-bound.ts'
import { getSealed } from '#lib/seal/sealed-values.ts'
import { tlsModes } from './schema.ts'
import type { MailSettings } from './send-mail.ts'

export type AlertContext = Pick<EnvironmentContext, 'db' | 'installation' | 'seal' | 'allowedEndpoints'> & {
  readonly own: Pick<EnvironmentContext['own'], 'proxy'>
}

export const passwordPlace = { place: 'alerts.mail-password', row: 'alerts' }
export const secretPlace = { place: 'alerts.webhook-secret', row: 'alerts' }
export const urlPlace = { place: 'alerts.webhook-url', row: 'alerts' }

const mail = z.object({
  host: z.string(),
  port: z.number(),
  tls: z.enum(tlsModes),
  user: z.string(),
  from: z.string(),
  to: z.array(z.string()),
})
const webhook = z.object({
  origin: z.string(),
  /** In a row from before it was a sealed value, until the console has started. */
  url: z.string().optional(),
})

export interface StoredSettings {
  readonly mail: MailSettings | null
  readonly webhook: { readonly origin: string; readonly url?: string | undefined } | null
  readonly publicUrl: string
  readonly updatedAt: Date | null
  readonly updatedBy: string | null
}

export async function storedSettings(db: Tx): Promise<StoredSettings> {
  const row = await db.alertSettings.findFirst()
  return {
    mail: mail.nullable().parse(row?.mail ?? null),
    webhook: webhook.nullable().parse(row?.webhook ?? null),
    publicUrl: row?.publicUrl ?? '',
    updatedAt: row?.updatedAt ?? null,
    updatedBy: row?.updatedBy ?? null,
  }
}

/** Without opening it: one that was damaged can be replaced all the same. */
export async function isStored(db: Tx, place: Place): Promise<boolean> {
  return (await db.sealedValue.count({ where: place })) > 0
}

/** Throws AppError `integrity` when what is stored is not what was put. */
export async function openPassword(context: AlertContext): Promise<string | undefined> {
  return textOf(await getSealed(context.db, context, passwordPlace))
}

export async function openWebhookSecret(context: AlertContext): Promise<string | undefined> {
  return textOf(await getSealed(context.db, context, secretPlace))
}

/** Whoever has the whole address may write to whom it leads: it is as secret as a password. */
export async function openWebhookUrl(
  context: AlertContext,
  webhook: StoredSettings['webhook'],
): Promise<string | undefined> {
  if (!webhook) return undefined
  return webhook.url ?? textOf(await getSealed(context.db, context, urlPlace))
}

const textOf = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('utf8')
