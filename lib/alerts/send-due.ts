import { z } from 'zod'
import { type Db, databaseClock } from '#lib/db.ts'
import { AppError, isDatabaseError, messageOf } from '#lib/errors.ts'
import { log } from '#lib/log.ts'
import { type AlertContext, openPassword, openWebhookSecret, openWebhookUrl, storedSettings } from './alert-settings.ts'
import type { AlertMessage } from './schema.ts'
import { sendMail } from './send-mail.ts'
import { sendWebhook } from './send-webhook.ts'

const atOnce = 5
const firstMs = 30_000
const longestMs = 3_600_000
/** The waits between them come to about nine hours. */
const mostTries = 15
const keptMs = 90 * 86_400_000

export interface SendOptions {
  /** The database's, unless injected by tests, which do not wait. */
  readonly now?: () => Date
  readonly random?: () => number
  /** For one message. */
  readonly timeoutMs?: number
}

/**
 * Sends what is due. Whoever moves a delivery's next try into the future sends it, and no other worker does; a worker
 * that dies in the middle leaves it to the next one, so that it may come twice, under the same ID.
 * @returns how many were tried
 */
export async function sendDue(
  context: AlertContext,
  { now: given, random = Math.random, timeoutMs = 20_000 }: SendOptions = {},
): Promise<number> {
  const { db } = context
  const now = given ?? (await databaseClock(db))
  let tried = 0
  for (;;) {
    const due = await claim(db, now(), timeoutMs * 2)
    await Promise.all(
      due.map(async ({ id, channel, message, tries }) => {
        const result = await deliver(context, { id, channel, message: messageIn(message), timeoutMs }).then(
          (note) => ({ note }),
          (error: unknown) => ({ trouble: wordsOf(error) }),
        )
        await settle(db, id, { tries, ...result, now: now(), random })
      }),
    )
    tried += due.length
    if (due.length === 0) break
  }
  await db.alertDelivery.deleteMany({ where: { createdAt: { lt: new Date(now().getTime() - keptMs) } } })
  return tried
}

/** A database that is away is told by the worker, and the delivery is left to the next one. */
function wordsOf(error: unknown): string {
  if (error instanceof AppError) return messageOf(error)
  if (isDatabaseError(error)) throw error
  console.error(error)
  return 'It could not be sent. The reason is in the worker’s log.'
}

/** One try. Throws AppError with what went wrong, without anything secret. @returns what is not quite well */
export async function deliver(
  context: AlertContext,
  { id, channel, message, timeoutMs }: { id: string; channel: string; message: AlertMessage; timeoutMs: number },
): Promise<string | undefined> {
  const { mail, webhook, publicUrl } = await storedSettings(context.db)
  const sending = { allowedEndpoints: context.allowedEndpoints, proxy: context.own.proxy, publicUrl, id, timeoutMs }
  if (channel === 'mail' && mail) return sendMail(mail, await openPassword(context), message, sending)
  const url = channel === 'webhook' ? await openWebhookUrl(context, webhook) : undefined
  const secret = url === undefined ? undefined : await openWebhookSecret(context)
  if (url !== undefined && secret) {
    await sendWebhook(url, secret, message, sending)
    return undefined
  }
  throw new AppError('invalid', `Alerts by ${channel} are not set up.`, { fix: 'Set them up in Settings > Alerts.' })
}

interface Claimed {
  readonly id: string
  readonly channel: string
  readonly message: unknown
  readonly tries: number
}

/**
 * What happened to one key or schedule goes out in its order: “healthy again” before “disabled” would leave its receiver
 * with the wrong one.
 */
function claim(db: Db, now: Date, leaseMs: number): Promise<Claimed[]> {
  return db.$queryRaw<Claimed[]>`
    UPDATE alert_delivery SET tries = tries + 1, "nextTryAt" = ${new Date(now.getTime() + leaseMs)}
    WHERE id IN (
      SELECT id FROM alert_delivery AS due WHERE state = 'queued' AND "nextTryAt" <= ${now} AND NOT EXISTS (
        SELECT 1 FROM alert_delivery AS earlier JOIN alert AS its ON its.id = earlier."alertId"
        WHERE earlier.state = 'queued' AND earlier.channel = due.channel
          AND its.subject = (SELECT subject FROM alert WHERE id = due."alertId")
          AND (earlier."createdAt", earlier.id) < (due."createdAt", due.id))
      ORDER BY "nextTryAt", id LIMIT ${atOnce} FOR UPDATE SKIP LOCKED)
    RETURNING id, channel, message, tries`
}

interface Result {
  readonly tries: number
  readonly trouble?: string
  readonly note?: string | undefined
  readonly now: Date
  readonly random: () => number
}

async function settle(db: Db, id: string, { tries, trouble, note, now, random }: Result): Promise<void> {
  if (trouble === undefined) {
    await db.alertDelivery.update({
      where: { id },
      data: { state: 'sent', sentAt: now, nextTryAt: null, lastError: note ?? null },
    })
    return
  }
  const over = tries >= mostTries
  const wait = Math.min(longestMs, firstMs * 2 ** (tries - 1)) * (0.5 + random() / 2)
  const lastError = trouble.slice(0, 2000)
  log(over ? 'error' : 'warning', 'alerts', lastError)
  await db.alertDelivery.update({
    where: { id },
    data: over
      ? { state: 'failed', nextTryAt: null, lastError }
      : { nextTryAt: new Date(now.getTime() + wait), lastError },
  })
}

/** Only this console writes them. */
const stored = z.custom<AlertMessage>((value) => typeof value === 'object' && value !== null && 'title' in value)
const messageIn = (value: unknown): AlertMessage => stored.parse(value)
