/**
 * Which policy said no, read from the words AWS uses for it (IAM user guide,
 * "Troubleshoot access denied error messages"). AWS names one policy type even when several deny.
 */
export type DeniedBy =
  | 'service control policy'
  | 'resource control policy'
  | 'VPC endpoint policy'
  | 'permissions boundary'
  | 'session policy'
  | 'role trust policy'
  | 'resource-based policy'
  | 'identity-based policy'
  | 'public access block' // S3's own setting, not a policy
  | 'unknown in this account' // key of another account, not here, or not shared: AWS does not say which
  | 'not told'

export interface Denial {
  readonly by: DeniedBy
  /** A Deny statement matched; otherwise an Allow is missing. */
  readonly explicit: boolean
  /** Who was denied, as AWS names them; an assumed role's session, not the role. */
  readonly principal: string | undefined
  readonly action: string | undefined
  /** The ARN of what it was about; AWS leaves it out for another account's key. */
  readonly resource: string | undefined
  /** Which policy denies, where AWS names it (since 2026, within one account or organization). */
  readonly policyArn: string | undefined
}

// First match wins: an SCP met through an endpoint names both.
const patterns: readonly (readonly [RegExp, DeniedBy])[] = [
  [/explicit deny in a VPC endpoint policy transitively through a service control policy/i, 'service control policy'],
  [/explicit deny in a service control policy|because no service control policy allows/i, 'service control policy'],
  [/explicit deny in a resource control policy/i, 'resource control policy'],
  [/explicit deny in a VPC endpoint policy|because no VPC endpoint policy allows/i, 'VPC endpoint policy'],
  [/explicit deny in a permissions boundary|because no permissions boundary allows/i, 'permissions boundary'],
  [/explicit deny in a sessions? policy|because no session policy allows/i, 'session policy'],
  [/explicit deny in the role trust policy|because no role trust policy allows/i, 'role trust policy'],
  [/explicit deny in a resource-based policy|because no resource-based policy allows/i, 'resource-based policy'],
  [/explicit deny in an identity-based policy|because no identity-based policy allows/i, 'identity-based policy'],
  [/because public (ACLs|policies) are prevented by the \w+ setting in S3 Block Public Access/i, 'public access block'],
  [
    /because the resource does not exist in this Region, no resource-based policies allow access/i,
    'unknown in this account',
  ],
  [
    /customer master key that does not exist, does not exist in this region, or you are not allowed/i,
    'unknown in this account',
  ],
]

export function readDenial(message: string): Denial {
  const text = message.replace(/\s+/g, ' ')
  const who = /User: (?<principal>\S+) is not authorized to perform: (?<action>[\w*-]+:[\w*]+)/i.exec(text)?.groups
  return {
    by: patterns.find(([pattern]) => pattern.test(text))?.[1] ?? 'not told',
    explicit: /explicit deny/i.test(text),
    principal: who?.principal,
    action: who?.action,
    resource: /on resource: "?(?<resource>arn:[^\s"]+)/i.exec(text)?.groups?.resource,
    policyArn: /explicit deny in [^:]*: (?<policy>arn:\S+)/i.exec(text)?.groups?.policy,
  }
}

/** What to mind where a policy names the role of a session: sessions do not tell the role's path. */
export function aboutPrincipal(callerArn: string | undefined): string {
  return callerArn?.includes(':assumed-role/') ? ' If the role has a path, write it into the ARN.' : ''
}

/** The principal a policy must name: a session `assumed-role/R/S` stands for its role. */
export function policyPrincipal(callerArn: string): string {
  const session = /^arn:(?<partition>[^:]+):sts::(?<account>\d{12}):assumed-role\/(?<role>[^/]+)\//.exec(
    callerArn,
  )?.groups
  return session ? `arn:${session.partition}:iam::${session.account}:role/${session.role}` : callerArn
}
