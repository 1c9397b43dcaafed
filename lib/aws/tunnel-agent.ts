import { request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent, type AgentOptions, request as httpsRequest, type RequestOptions } from 'node:https'
import { isIP, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from 'node:tls'
import { isProxied, type ProxySettings } from './proxy.ts'

export type ProxyCode =
  | 'EPROXYAWAY' // it does not answer, or not as a proxy does
  | 'EPROXYAUTH' // it wants a user and a password, or others
  | 'EPROXYREFUSED' // it lets nobody, or not this machine, through to that host
  | 'EPROXYUPSTREAM' // it answers, and does not reach that host

/** What a proxy did to a connection. Names no user and no password. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError'
  readonly code: ProxyCode
  /** The AWS SDK tries again what has this. */
  declare readonly $retryable?: object

  constructor(code: ProxyCode, message: string, options?: ErrorOptions) {
    super(`${code} ${message}`, options)
    this.code = code
    if (code === 'EPROXYAWAY' || code === 'EPROXYUPSTREAM') this.$retryable = {}
  }
}

/**
 * Connects through a proxy where one is set and the host is none of its exceptions. Not by Node's own `proxyEnv`:
 * docs/decisions/0017-own-tunnel-through-proxies.md.
 */
export class TunnelAgent extends Agent {
  readonly #proxy: ProxySettings | undefined
  readonly #withinMs: number

  /** @param withinMs for all of it: to the proxy, through it, and TLS with the host */
  constructor(options: AgentOptions, proxy: ProxySettings | undefined, withinMs: number) {
    super(options)
    this.#proxy = proxy
    this.#withinMs = withinMs
  }

  override createConnection(options: RequestOptions, callback?: Parameters<Agent['createConnection']>[1]) {
    const proxy = this.#proxy
    const to = { host: String(options.host), port: Number(options.port) || 443 }
    if (!proxy || !callback || !isProxied(proxy, to.host, to.port)) return super.createConnection(options, callback)
    tunnel(proxy, to, options, this.#withinMs).then(
      (socket) => callback(null, socket),
      // The stream is never looked at beside an error.
      (error: Error) => callback(error, new PassThrough()),
    )
    return undefined
  }
}

function tunnel(
  { url, authorization }: ProxySettings,
  { host, port }: { host: string; port: number },
  options: RequestOptions,
  withinMs: number,
): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>()
  const target = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`
  const fail = (code: ProxyCode, why: string, cause?: unknown) =>
    reject(new ProxyError(code, `${url}, for ${target}: ${why}`, { cause }))
  const at = new URL(url)
  const asking = (at.protocol === 'https:' ? httpsRequest : httpRequest)({
    host: at.hostname.replace(/^\[|\]$/g, ''),
    port: at.port || (at.protocol === 'https:' ? 443 : 80),
    method: 'CONNECT',
    path: target,
    agent: false,
    headers: {
      host: target,
      connection: 'keep-alive',
      ...(authorization !== undefined && { 'proxy-authorization': authorization }),
    },
  })
  let open: { destroy(error: Error): unknown } = asking
  const deadline = setTimeout(() => open.destroy(new Error(`no answer within ${withinMs / 1000} s`)), withinMs)
  asking.once('error', (error) => fail('EPROXYAWAY', wordsOf(error), error))
  // An answer to CONNECT comes as this event whatever its status.
  asking.once('connect', (answer: IncomingMessage, way: Socket) => {
    const { statusCode = 0, statusMessage = '' } = answer
    if (statusCode < 200 || statusCode > 299) {
      way.destroy()
      fail(codeOf(statusCode), `it answered ${statusCode} ${statusMessage.slice(0, 100)}`.trim())
      return
    }
    // As Node hands on the options of a request, whose path would be that of a socket.
    const { path: _path, checkServerIdentity: _default, ...ofRequest } = options
    const toHost: ConnectionOptions = { ...ofRequest, host, port, socket: way }
    const secure = tlsConnect(toHost)
    open = secure
    way.on('error', (error) => secure.destroy(error))
    const failed = (error: Error & { code?: string }) => {
      if (/CERT|_SIGNATURE$|ALTNAME/.test(error.code ?? '')) {
        error.message += ` (through the proxy ${url})`
        reject(error)
      } else fail('EPROXYUPSTREAM', `no TLS connection came about (${error.message})`, error)
    }
    secure.once('error', failed)
    secure.once('secureConnect', () => {
      secure.off('error', failed)
      resolve(secure)
    })
  })
  asking.end()
  return promise.finally(() => clearTimeout(deadline))
}

function codeOf(status: number): ProxyCode {
  if (status === 407) return 'EPROXYAUTH'
  return status >= 500 || status === 408 || status === 429 ? 'EPROXYUPSTREAM' : 'EPROXYREFUSED'
}

/** Several addresses that were tried at once come without words of their own. */
function wordsOf(error: Error): string {
  const each: Error[] = error instanceof AggregateError ? error.errors : []
  return error.message || each.map(({ message }) => message).join('; ')
}
