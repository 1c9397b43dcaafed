import { lookup as systemLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { outOfReach, type Reach, thisMachine } from '#lib/aws/address.ts'
import { AppError } from '#lib/errors.ts'

/** A server that alerts go to. */
export interface Target {
  /** An IPv6 address without brackets. */
  readonly host: string
  readonly port: number
}

/**
 * Connects to addresses of the internet and, where VAULT_ALLOWED_ENDPOINTS names the server, of private networks too; to
 * this machine where it names that. Never to cloud metadata. Else whoever may set up alerts could look around in the
 * network of this console.
 */
export function reachOfTarget({ host, port }: Target, allowedEndpoints: readonly string[]): Reach {
  if (!allowedEndpoints.includes(entryFor({ host, port }))) return 'public'
  return isThisMachine(host) ? 'loopback' : 'private'
}

const isThisMachine = (host: string) => /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host)

/** Refuses an address in place of a name, which is never looked up. @throws AppError `denied` */
export function mustBeInReach(target: Target, reach: Reach): void {
  if (isIP(target.host)) judge(target, target.host, reach)
}

/**
 * Where a proxy resolves the name, and decides where it may lead: what this machine knows of the name counts as well.
 * @throws AppError `denied`
 */
export async function mustResolveInReach(target: Target, reach: Reach, lookup = systemLookup): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  guardedLookup(target, reach, lookup)(target.host, { all: true }, (error) =>
    error instanceof AppError ? reject(error) : resolve(),
  )
  return promise
}

/** Resolves a name and refuses it whole when one of its addresses is out of reach. */
export function guardedLookup(target: Target, reach: Reach, lookup: LookupFunction = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, found, family) => {
      if (error) return callback(error, found, family)
      try {
        for (const address of typeof found === 'string' ? [found] : found.map((one) => one.address))
          judge(target, address, reach)
        callback(null, found, family)
      } catch (refused) {
        callback(refused instanceof Error ? refused : new Error(String(refused)), '', 0)
      }
    })
  }
}

function judge(target: Target, address: string, reach: Reach): void {
  const what = outOfReach(address, reach)
  if (!what) return
  const where = target.host === address ? address : `${target.host} leads to ${address}, which`
  throw new AppError('denied', `${where} is ${what}: this console does not connect there.`, {
    fix: fixFor(target, what, reach),
  })
}

function fixFor(target: Target, what: string, reach: Reach): string {
  if (what.startsWith('link-local')) return 'Name another server.'
  const allowing = (allowed: Target) => `allow it with VAULT_ALLOWED_ENDPOINTS=${entryFor(allowed)}`
  // A name may lead to another address tomorrow, so that it never stands for this machine, allowed or not.
  if (what === thisMachine && !isThisMachine(target.host))
    return `Call it localhost here; whoever runs this console can ${allowing({ ...target, host: 'localhost' })}`
  return reach === 'public' ? `Whoever runs this console can ${allowing(target)}` : 'Name another server.'
}

/** As VAULT_ALLOWED_ENDPOINTS is read: port 443 goes without saying. */
function entryFor({ host, port }: Target): string {
  const name = isIP(host) === 6 ? `[${host}]` : host.toLowerCase()
  return port === 443 ? name : `${name}:${port}`
}
