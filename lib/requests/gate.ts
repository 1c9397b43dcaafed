import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { allowedOrigins } from '#lib/auth/allowed-origins.ts'
import type { Env } from '#lib/env.ts'
import { forAddress } from './request-address.ts'
import { clientAddress, trustedProxyList } from './trusted-proxies.ts'

/** Those that Next knows. At others it answers 500, or with a page as if they were GET. */
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const year = 365 * 24 * 3600
/** Uploads take as long as they take: lib/upload/read-request.ts ends one that falls silent. */
const uploads = /^\/api\/v1\/backups(?:\?|$)/

export interface BodyLimits {
  /** For a body to come whole, as Node itself has it: its own limit is off, for the sake of uploads. */
  readonly wholeMs: number
  /** For the rest of a body that was answered before its end, so that its sender sees the answer. */
  readonly restMs: number
}

/**
 * Puts itself in front of a server's own listener, for every request: refuses methods that nobody needs, finds out whose
 * request it is, takes away what a client says of that and of the console's own address, so that nothing behind can
 * believe it, and writes an address that cannot be decoded so that it can.
 */
export function gateServer(
  server: Server,
  env: Pick<Env, 'publicUrl' | 'port' | 'trustedProxies'>,
  limits: BodyLimits = { wholeMs: 300_000, restMs: 10_000 },
): void {
  const trusted = trustedProxyList(env.trustedProxies)
  const origins = allowedOrigins(env)
  const [origin = env.publicUrl] = origins
  // Next compares a server action's Origin with this, or else with Host, where many proxies put the console's own
  // address. On this machine there are two right ones, and no proxy: then it is the one of the page that asks, because
  // Next sends an action of another page than the address names on to itself, by its own address.
  const hostFor = (from: string | undefined) => {
    if (origins.length === 1) return new URL(origin).host
    return from !== undefined && origins.includes(from) ? new URL(from).host : undefined
  }
  const secure = origin.startsWith('https:')

  const listeners = server.listeners('request')
  server.removeAllListeners('request')
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (secure) response.setHeader('strict-transport-security', `max-age=${year}`)
    if (!methods.includes(request.method ?? '')) {
      response.writeHead(405, { allow: methods.join(', '), connection: 'close' }).end()
      return
    }
    endSlowBody(request, response, limits)
    const { headers } = request
    const address = clientAddress(request.socket.remoteAddress, one(headers['x-forwarded-for']), trusted)
    for (const name of Object.keys(headers)) if (/^(x-)?forwarded\b|^x-real-ip$/.test(name)) delete headers[name]
    const host = hostFor(headers.origin)
    if (host !== undefined) headers['x-forwarded-host'] = host
    request.url = decodable(request.url ?? '/')
    forAddress(address, () => {
      for (const listener of listeners) listener.call(server, request, response)
    })
  })
}

/**
 * Next decodes what stands in a path, and answers a bare 500 where that cannot be done. Taken as it is written, such an
 * address is one that leads nowhere, and is answered as any other of these: with a page, or below /api with JSON.
 */
function decodable(url: string): string {
  const path = /^[^?#]*/.exec(url)?.[0] ?? ''
  try {
    decodeURIComponent(path)
    return url
  } catch {
    return path.replaceAll('%', '%25') + url.slice(path.length)
  }
}

/** Who need not be anybody keeps no connection by never coming to an end. */
function endSlowBody(request: IncomingMessage, response: ServerResponse, { wholeMs, restMs }: BodyLimits): void {
  const mayTakeLong = uploads.test(request.url ?? '')
  const end = () => request.complete || request.socket.destroy()
  const timer = mayTakeLong ? undefined : setTimeout(end, wholeMs).unref()
  response.once('close', () => {
    clearTimeout(timer)
    if (request.complete || (mayTakeLong && response.statusCode !== 401)) return
    setTimeout(end, restMs).unref()
  })
}

/** Node joins several headers of this name with commas. */
function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header
}
