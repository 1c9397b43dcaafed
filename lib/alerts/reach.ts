import { lookup as systemLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { outOfReach, type Reach } from '#lib/aws/address.ts'
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
  return /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host) ? 'loopback' : 'private'
}

/** Refuses an address in place of a name, which is never looked up. @throws AppError `denied` */
export function mustBeInReach(target: Target, reach: Reach): void {
  if (isIP(target.host)) judge(target, target.host, reach)
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
  const never = what.startsWith('link-local')
  throw new AppError('denied', `${where} is ${what}: this console does not connect there.`, {
    fix: never
      ? 'Name another server.'
      : `Whoever runs this console can allow it with VAULT_ALLOWED_ENDPOINTS=${entryFor(target)}`,
  })
}

/** As VAULT_ALLOWED_ENDPOINTS is read: port 443 goes without saying. */
function entryFor({ host, port }: Target): string {
  const name = isIP(host) === 6 ? `[${host}]` : host.toLowerCase()
  return port === 443 ? name : `${name}:${port}`
}
