import { BlockList, isIP } from 'node:net'
import { AppError } from '#lib/errors.ts'
import { outOfReach } from './address.ts'

/** What this machine's environment says of the way out: HTTPS_PROXY and NO_PROXY. Plain HTTP is never proxied. */
export interface ProxySettings {
  /** Without user and password: this may be shown. */
  readonly url: string
  /** Of a `Proxy-Authorization` header. Secret. */
  readonly authorization: string | undefined
  readonly except: readonly Exception[]
}

/** An entry of NO_PROXY: everything, a network, or a host and all below it, at one port or at all. */
type Exception = '*' | { readonly network: BlockList } | { readonly host: string; readonly port: string | undefined }

/**
 * Reads the variables, in upper or lower case, as curl and Go's programs do; lower case goes first, as in the AWS SDKs.
 * @throws AppError `invalid`, naming the variable and nothing of its value, which may hold a password
 */
export function proxyIn(source: Readonly<Record<string, string | undefined>>): ProxySettings | undefined {
  const [name, typed] = set(source, 'HTTPS_PROXY')
  if (typed === undefined) return undefined
  const text = typed.includes('://') ? typed : `http://${typed}`
  if (!/^https?:\/\/[^/]/i.test(text) || !URL.canParse(text))
    throw new AppError('invalid', `The environment variable ${name} is no address of an HTTP proxy.`, {
      fix: 'Write http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT with %40 for @ and %3A for : in a password; or unset it, and this console connects directly.',
    })
  const { protocol, host, username, password } = new URL(text)
  const given = username !== '' || password !== ''
  return {
    url: `${protocol}//${host}`,
    authorization: given
      ? `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`
      : undefined,
    except: (set(source, 'NO_PROXY')[1] ?? '').split(/[\s,]+/).flatMap(exceptionIn),
  }
}

function set(source: Readonly<Record<string, string | undefined>>, name: string): [string, string | undefined] {
  const found = [name.toLowerCase(), name].find((one) => source[one]?.trim())
  return [found ?? name, found && source[found]?.trim()]
}

/** A lone % is one: passwords are often pasted as they are. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function exceptionIn(entry: string): Exception[] {
  if (entry === '') return []
  if (entry === '*') return ['*']
  const [base = '', bits] = entry.split('/')
  const family = isIP(base)
  if (family !== 0 && bits !== undefined) {
    const network = new BlockList()
    const length = Number(bits)
    if (!/^\d+$/.test(bits) || length > (family === 4 ? 32 : 128)) return []
    network.addSubnet(base, length, family === 4 ? 'ipv4' : 'ipv6')
    return [{ network }]
  }
  const [, host = entry, port] = isIP(entry) ? [] : (/^(.*?)(?::(\d+))?$/.exec(entry) ?? [])
  return [{ host: host.toLowerCase().replace(/^\*?\.|^\[|\]$/g, ''), port }]
}

/** This machine and its metadata are reached directly whatever NO_PROXY says. */
export function isProxied({ except }: ProxySettings, host: string, port: number): boolean {
  const name = host.toLowerCase()
  const family = isIP(name)
  if (family !== 0 && outOfReach(name, 'private') !== undefined) return false
  if (/(^|\.)localhost$/.test(name)) return false
  return !except.some((one) => {
    if (one === '*') return true
    if ('network' in one) return family !== 0 && one.network.check(name, family === 4 ? 'ipv4' : 'ipv6')
    return (one.port === undefined || one.port === `${port}`) && (name === one.host || name.endsWith(`.${one.host}`))
  })
}
