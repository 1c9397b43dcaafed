import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isProxied } from '#lib/aws/proxy.ts'
import { isProxyRefusal, proxyTrouble } from '#lib/aws/proxy-trouble.ts'
import { ProxyError, TunnelAgent } from '#lib/aws/tunnel-agent.ts'
import { AppError } from '#lib/errors.ts'
import { webhookBodyOf } from './message-text.ts'
import { guardedLookup, mustBeInReach, mustResolveInReach, reachOfTarget, type Target } from './reach.ts'
import type { AlertMessage } from './schema.ts'
import type { Sending } from './send-mail.ts'
import { signatureOf } from './webhook-signature.ts'

/**
 * One signed POST. Any 2xx will do; a redirect is not followed, because it would lead where nobody agreed to.
 * Throws AppError, which names host and status and repeats nothing of the answer.
 */
export async function sendWebhook(
  url: string,
  secret: string,
  message: AlertMessage,
  { allowedEndpoints, proxy, publicUrl, id, timeoutMs }: Sending,
): Promise<void> {
  const to = new URL(url)
  const target = targetOf(to)
  const reach = reachOfTarget(target, allowedEndpoints)
  mustBeInReach(target, reach)
  const isTls = to.protocol === 'https:'
  const deadline = AbortSignal.timeout(timeoutMs)
  if (isTls && proxy && isProxied(proxy, target.host, target.port)) {
    // Behind a proxy it may well be that nobody answers for names of the world: then the proxy does.
    const late = once(deadline, 'abort')
    await Promise.race([mustResolveInReach(target, reach), late])
  }
  const body = webhookBodyOf(message, publicUrl)
  const at = Math.floor(Date.now() / 1000)
  const request = (isTls ? httpsRequest : httpRequest)(to, {
    method: 'POST',
    // Of its own: one that is kept open might lead to where the name led before.
    agent: isTls && new TunnelAgent({}, proxy, timeoutMs),
    lookup: guardedLookup(target, reach),
    signal: deadline,
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'user-agent': 'vault-console',
      'webhook-id': id,
      'webhook-timestamp': at,
      'webhook-signature': signatureOf(secret, { id, at, body }),
    },
  })
  const where = `${to.protocol}//${to.host}`
  const status = await new Promise<number>((resolve, reject) => {
    request.on('response', (response) => {
      resolve(response.statusCode ?? 0)
      response.destroy()
    })
    request.on('error', reject)
    request.end(body)
  }).catch((error: unknown) => {
    if (error instanceof AppError) throw error
    const ofProxy = error instanceof ProxyError ? proxyTrouble(error) : undefined
    if (error instanceof ProxyError && ofProxy)
      throw new AppError(
        isProxyRefusal(error.code) ? 'denied' : 'unreachable',
        `The webhook at ${where} could not be reached. ${ofProxy.cause}`,
        { fix: ofProxy.fix },
      )
    const late = error instanceof Error && error.name === 'AbortError'
    const why = late
      ? `no answer within ${timeoutMs / 1000} seconds`
      : error instanceof Error
        ? error.message
        : 'no answer'
    throw new AppError('unreachable', `The webhook at ${where} could not be reached: ${why}.`, {
      fix: 'Check the address, and that this machine may connect there.',
    })
  })
  if (status >= 200 && status < 300) return
  throw new AppError(
    status >= 500 || status === 429 ? 'unreachable' : 'denied',
    `The webhook at ${where} answered ${status}.`,
    {
      fix:
        status >= 300 && status < 400
          ? 'Enter the address that it leads to: redirects are not followed.'
          : 'Look at the log of whatever receives it.',
    },
  )
}

export function targetOf(url: URL): Target {
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port }
}
