import type { z } from 'zod'
import { recordAudit } from '#lib/audit/record.ts'
import { noJson, type Tx } from '#lib/db.ts'
import type { Confirm } from '#lib/environment/confirm.ts'
import { AppError } from '#lib/errors.ts'
import { tellAdministrators } from '#lib/notices/tell-administrators.ts'
import { putSealed } from '#lib/seal/sealed-values.ts'
import {
  type AlertContext,
  isStored,
  openWebhookUrl,
  passwordPlace,
  type StoredSettings,
  secretPlace,
  storedSettings,
  urlPlace,
} from './alert-settings.ts'
import { type AlertsResult, type mailInputSchema, recipientsIn, type webhookInputSchema } from './schema.ts'
import { targetOf } from './send-webhook.ts'
import { newWebhookSecret } from './webhook-signature.ts'

export interface SaveBy {
  readonly actor: string
  readonly publicUrl: string
  /** Asked before alerts go elsewhere than before, or nowhere. */
  readonly confirm: Confirm
}

type Changes = Record<string, [string | null, string | null]>

/** An empty password keeps the stored one, which belongs to its server and user and never goes to another. */
export async function saveMail(
  context: AlertContext,
  input: z.output<typeof mailInputSchema>,
  by: SaveBy,
): Promise<AlertsResult> {
  const before = await storedSettings(context.db)
  const stored = await isStored(context.db, passwordPlace)
  const { on, password, host, port, tls, user, from } = input
  const mail = on ? { host: host.toLowerCase(), port, tls, user, from, to: recipientsIn(input.to) } : null
  const sameServer = before.mail?.host === mail?.host && before.mail?.port === port && before.mail?.user === user
  if (mail && user !== '' && password === '' && !(stored && sameServer))
    return refused('password', 'Enter the password of this user on this server.')
  const changes = changesBetween(
    before.mail && { ...before.mail, to: before.mail.to.join(', ') },
    mail && { ...mail, to: mail.to.join(', ') },
    'mail',
  )
  const newPassword = mail !== null && user !== '' && password !== ''
  if (newPassword) changes['mail.password'] = [stored ? 'stored' : null, 'replaced']
  const reasons = before.mail ? elsewhere('mail', before.mail, mail) : []
  return store(context, before, { mail }, { ...by, changes, reasons }, async (tx) => {
    if (newPassword) await putSealed(tx, context, passwordPlace, Buffer.from(password))
    // Of a server that is not asked any more, or that asks for none.
    else if (!mail || user === '') await tx.sealedValue.deleteMany({ where: passwordPlace })
  })
}

/**
 * An empty address keeps the stored one.
 * @returns the signing secret when it is a new one
 */
export async function saveWebhook(
  context: AlertContext,
  { on, url, secret }: z.output<typeof webhookInputSchema>,
  by: SaveBy,
): Promise<AlertsResult> {
  const before = await storedSettings(context.db)
  const known = await openWebhookUrl(context, before.webhook).catch((error: unknown) => {
    // What was damaged is replaced or goes, and is missed only where it would have to stay.
    if ((!on || url !== '') && error instanceof AppError && error.code === 'integrity') return undefined
    throw error
  })
  const problem = on ? urlProblem(url || (known ?? '')) : undefined
  if (problem) return refused('url', problem)
  const stored = await isStored(context.db, secretPlace)
  const href = on ? new URL(url || (known ?? '')).href : undefined
  const webhook = href === undefined ? null : { origin: new URL(href).origin }
  const next = !on || (stored && secret === '') ? undefined : secret || newWebhookSecret()
  const was = before.webhook && { url: before.webhook.origin }
  // What comes after the host often is what lets messages in, as a password does: it is never told, only that it changed.
  const moved = href !== known && webhook?.origin === was?.url
  const is = webhook && { url: moved ? `${webhook.origin}, at another path` : webhook.origin }
  const changes = changesBetween(was, is, 'webhook')
  if (next) changes['webhook.secret'] = [stored ? 'stored' : null, 'replaced']
  const reasons = was ? elsewhere('webhook', was, is) : []
  const result = await store(context, before, { webhook }, { ...by, changes, reasons }, async (tx) => {
    if (next) await putSealed(tx, context, secretPlace, Buffer.from(next))
    if (href !== undefined) await putSealed(tx, context, urlPlace, Buffer.from(href))
    else await tx.sealedValue.deleteMany({ where: { OR: [secretPlace, urlPlace] } })
  })
  return result.status === 'success' && next ? { ...result, secret: next } : result
}

async function store(
  context: AlertContext,
  before: StoredSettings,
  change: Partial<Pick<StoredSettings, 'mail' | 'webhook'>>,
  { actor, publicUrl, confirm, changes, reasons }: SaveBy & { changes: Changes; reasons: readonly string[] },
  seal: (tx: Tx) => Promise<void>,
): Promise<AlertsResult> {
  if (reasons.length > 0) {
    const verdict = await confirm({ asks: ['password'], reasons })
    if (verdict !== 'confirmed')
      return { status: 'confirm', reasons, ...(verdict.wrong && { wrong: verdict.wrong.message }) }
  }
  const { mail, webhook } = change
  const data = {
    ...(mail !== undefined && { mail: mail ? { ...mail, to: [...mail.to] } : noJson }),
    ...(webhook !== undefined && { webhook: webhook ? { origin: webhook.origin } : noJson }),
    publicUrl,
    updatedAt: new Date(),
    updatedBy: actor,
  }
  await context.db.$transaction(async (tx) => {
    const { count } = await tx.alertSettings.updateMany({
      where: { updatedAt: before.updatedAt ?? new Date(0) },
      data,
    })
    if (count === 0 && before.updatedAt)
      throw new AppError('conflict', 'Somebody else changed the alerts at the same moment.', {
        fix: 'Reload the page and look at what is there now.',
      })
    if (count === 0) await tx.alertSettings.create({ data })
    await seal(tx)
    await recordAudit(tx, { actor, action: 'alerts.change', outcome: 'success', subject: 'Alerts', changes })
    if (reasons.length > 0)
      await tellAdministrators(tx, {
        actor,
        title: 'Alerts changed',
        detail: reasons.join(' '),
        link: '/settings/alerts',
      })
  })
  return { status: 'success' }
}

/** What somebody would do first who wants nobody to hear of what they do to a key. */
function elsewhere(name: 'mail' | 'webhook', before: object, after: object | null): string[] {
  if (!after) return [`Alerts go by ${name} no more.`]
  const changes = changesBetween(before, after, name)
  const words: Record<string, string> = {
    'mail.host': 'through another mail server',
    'mail.port': 'through another port of the mail server',
    'mail.tls': 'with other protection on their way',
    'mail.to': 'to other addresses',
    'webhook.url': 'to another address',
  }
  return Object.entries(changes).flatMap(([field, [was, is]]) =>
    words[field] ? [`Alerts go ${words[field]}: ${is} instead of ${was}.`] : [],
  )
}

function changesBetween(before: object | null, after: object | null, prefix: string): Changes {
  const text = (value: unknown) => (value === undefined ? null : String(value))
  const was: Record<string, unknown> = { ...before }
  const is: Record<string, unknown> = { ...after }
  return Object.fromEntries(
    [...new Set([...Object.keys(was), ...Object.keys(is)])]
      .map((name): [string, [string | null, string | null]] => [`${prefix}.${name}`, [text(was[name]), text(is[name])]])
      .filter(([, [one, other]]) => one !== other),
  )
}

function urlProblem(text: string): string | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return 'Enter an address that starts with https:// or http://'
  const url = new URL(text)
  if (url.username || url.password) return 'Leave user name and password out: the signature says who sent it.'
  if (targetOf(url).host === '') return 'Enter the name of a host.'
  return undefined
}

const refused = (field: string, message: string): AlertsResult => ({
  status: 'error',
  message,
  fieldErrors: { [field]: message },
})
