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
  /** By which AWS tells the whole decision (since 2026, of some services), in the Region in which it refused. */
  readonly authorization: { readonly id: string; readonly region: string | undefined } | undefined
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
    resource: /on resource: "?(?<resource>arn:[^\s"]*[^\s".,;])/i.exec(text)?.groups?.resource,
    policyArn: /explicit deny in [^:]*: (?<policy>arn:[^\s,;]*[^\s.,;])/i.exec(text)?.groups?.policy,
    authorization: authorizationIn(text),
  }
}

function authorizationIn(text: string): Denial['authorization'] {
  const id = /authorization id: ([0-9a-z]+)/i.exec(text)?.[1]
  const region = /\bregion=([a-z0-9-]+)#\/authorization-details/.exec(text)?.[1]
  return id === undefined ? undefined : { id, region }
}

/** What to mind where a policy names the role of a session: sessions do not tell the role's path. */
export function aboutPrincipal(callerArn: string | undefined): string {
  const role = callerArn && sessionOf(callerArn)?.role
  if (!role) return ''
  const look = `aws iam get-role --role-name ${role} --query Role.Arn --output text`
  return isOfIdentityCenter(role)
    ? ` The role is made by IAM Identity Center, and its path has the Region of that in place of ${identityCenterRegion}, or none. This shows its whole ARN: ${look}`
    : ` If the role has a path, write it into the ARN: ${look}`
}

/** The principal as sentences name it: a session `assumed-role/R/S` stands for its role. */
export function policyPrincipal(callerArn: string): string {
  const session = sessionOf(callerArn)
  return session ? `arn:${session.partition}:iam::${session.account}:role/${session.role}` : callerArn
}

/**
 * The principal as a policy of a key, bucket or role must name it. One that does not exist is refused, and the roles of
 * permission sets have a path (IAM Identity Center user guide, "Referencing permission sets in resource policies").
 */
export function principalElement(principal: string): string {
  const [arn, name = ''] = principal.split(':role/')
  if (!isOfIdentityCenter(name)) return principal
  return `${arn}:role/aws-reserved/sso.amazonaws.com/${identityCenterRegion}/${name}`
}

const identityCenterRegion = 'REGION-OF-IDENTITY-CENTER'

/** Of a role's name: nobody but IAM Identity Center changes such a role, or gives it a policy. */
export const isOfIdentityCenter = (roleName: string) => roleName.startsWith('AWSReservedSSO_')

function sessionOf(arn: string) {
  const [, partition, account, role] = /^arn:([^:]+):sts::(\d{12}):assumed-role\/([^/]+)\//.exec(arn) ?? []
  return partition && account && role ? { partition, account, role } : undefined
}
