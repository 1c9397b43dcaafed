import type { Principal } from './principal.ts'

/** The `aws:` condition keys of a request, by lower-case name. */
export function globalContext(principal: Principal, at: { region: string; time: number }): Map<string, string[]> {
  const context = new Map<string, string[]>()
  const set = (name: string, value: string) => context.set(name.toLowerCase(), [value])
  set('aws:SecureTransport', 'false')
  set('aws:SourceIp', '127.0.0.1')
  set('aws:RequestedRegion', at.region)
  set('aws:CurrentTime', new Date(at.time).toISOString())
  set('aws:EpochTime', String(Math.floor(at.time / 1000)))
  if (principal.kind === 'anonymous') {
    set('aws:PrincipalType', 'Anonymous')
    return context
  }
  // A session goes by its role's ARN here, not by its own.
  set('aws:PrincipalArn', principal.names.at(-1) ?? principal.arn)
  set('aws:PrincipalAccount', principal.account)
  set('aws:PrincipalType', { user: 'User', role: 'AssumedRole', root: 'Account' }[principal.kind])
  set('aws:userid', principal.userId)
  if (principal.kind === 'user') set('aws:username', principal.arn.replace(/^.*\//, ''))
  return context
}
