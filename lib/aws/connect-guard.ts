import { lookup as systemLookup } from 'node:dns'
import type { Agent, AgentOptions, RequestOptions } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { PassThrough } from 'node:stream'
import { outOfReach, type Reach } from './address.ts'
import type { ProxySettings } from './proxy.ts'
import type { Endpoint } from './schema.ts'
import { TunnelAgent } from './tunnel-agent.ts'

/** A connection that was not made, because of where it would have led. Retrying changes nothing. */
export class ForbiddenAddressError extends Error {
  readonly code = 'EFORBIDDENADDRESS'
  override readonly name = 'ForbiddenAddressError'
}

/**
 * How near the addresses of an endpoint may be. The names of VPC endpoints resolve to private addresses by nature, and
 * one's own store may stand in one's own network; only who writes this machine's address into
 * VAULT_ALLOWED_ENDPOINTS means this machine.
 */
export function reachOf({ kind, url }: Endpoint): Reach {
  if (kind === 'aws') return 'public'
  const { hostname } = new URL(url)
  const here = kind === 'own' && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
  return here ? 'loopback' : 'private'
}

/**
 * Resolves an endpoint's name and judges every address of it, before anything depends on it.
 * @returns a sentence when it leads somewhere forbidden; undefined when not, and when the name does not resolve:
 * that is for whoever connects to say
 */
export async function endpointAddressProblem(
  endpoint: Endpoint,
  lookup: LookupFunction = systemLookup,
): Promise<string | undefined> {
  const { hostname } = new URL(endpoint.url)
  const literal = hostname.replace(/^\[|\]$/g, '')
  const reach = reachOf(endpoint)
  if (isIP(literal)) return problemOf(hostname, literal, reach)
  return new Promise((resolve) => {
    lookup(hostname, { all: true }, (error, found) => {
      const addresses = typeof found === 'string' ? [found] : found.map(({ address }) => address)
      const problems = error ? [] : addresses.map((address) => problemOf(hostname, address, reach))
      resolve(problems.find((problem) => problem !== undefined))
    })
  })
}

/**
 * Connects only where it may: the address that a connection really goes to is judged, so that a name which changes
 * its answer between a check and its use gains nothing. A name with one forbidden address is refused whole.
 * Through a proxy it is the proxy that resolves the name, and decides where it may lead.
 */
export class GuardedAgent extends TunnelAgent {
  readonly #reach: Reach

  constructor(
    reach: Reach,
    options: AgentOptions & { lookup?: LookupFunction },
    proxy: ProxySettings | undefined,
    withinMs: number,
  ) {
    // Apart: Node hands it on to every connection, and its types do not list it.
    const guarded = { ...options, lookup: guardedLookup(reach, options.lookup ?? systemLookup) }
    super(guarded, proxy, withinMs)
    this.#reach = reach
  }

  // An address in place of a name is never looked up.
  override createConnection(options: RequestOptions, callback?: Parameters<Agent['createConnection']>[1]) {
    const host = String(options.host ?? '')
    const problem = isIP(host) ? problemOf(host, host, this.#reach) : undefined
    if (!problem) return super.createConnection(options, callback)
    if (!callback) throw new ForbiddenAddressError(problem)
    // The stream is never looked at beside an error.
    callback(new ForbiddenAddressError(problem), new PassThrough())
    return undefined
  }
}

function guardedLookup(reach: Reach, lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, found, family) => {
      const addresses = typeof found === 'string' ? [found] : (found ?? []).map(({ address }) => address)
      const problem = error ? undefined : addresses.map((one) => problemOf(hostname, one, reach)).find(Boolean)
      if (problem) callback(new ForbiddenAddressError(problem), '', 0)
      else callback(error, found, family)
    })
  }
}

function problemOf(hostname: string, address: string, reach: Reach): string | undefined {
  const what = outOfReach(address, reach)
  if (!what) return undefined
  const where = hostname === address ? address : `${hostname} leads to ${address}, which`
  const advice =
    what === 'in a private network'
      ? 'For a VPC endpoint enter its own name (vpce-…), or leave the field empty when its private DNS is on.'
      : 'Enter the address of AWS, of a VPC endpoint, or one that VAULT_ALLOWED_ENDPOINTS names.'
  return `${where} is ${what}: this console does not connect there. ${advice}`
}
