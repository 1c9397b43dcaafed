import { createHmac, randomBytes } from 'node:crypto'

// Standard Webhooks 1.0: the secret is `whsec_` and base64, and its bytes sign `id.timestamp.body`.

export function newWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`
}

/** @param at seconds since 1970 */
export function signatureOf(secret: string, { id, at, body }: { id: string; at: number; body: string }): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64')}`
}
