import { conditionsHold, type RequestContext, wildcard } from './conditions.ts'
import type { Policy, Statement } from './policy.ts'
import { type Principal, rootOf } from './principal.ts'

export interface Question {
  principal: Principal
  /** `kms:Decrypt` */
  action: string
  resource: string
  /** The account that owns the resource. */
  owner: string
  context: RequestContext
  resourcePolicy?: Policy | undefined
  /** KMS: an IAM policy counts only when the key policy names the account. S3: it counts anyway. */
  identityNeedsDelegation: boolean
}

/** Why not, in AWS's words, to follow "is not authorized to perform … on resource … ". */
export type Answer = { allowed: true } | { allowed: false; explicit: boolean; reason: string }

function matchesAction(statement: Statement, action: string): boolean {
  const lower = action.toLowerCase()
  const any = (patterns: string[]) => patterns.some((pattern) => wildcard(pattern.toLowerCase(), lower))
  if (statement.actions) return any(statement.actions)
  return statement.notActions !== undefined && !any(statement.notActions)
}

function matchesResource(statement: Statement, resource: string): boolean {
  const any = (patterns: string[]) => patterns.some((pattern) => wildcard(pattern, resource))
  if (statement.resources) return any(statement.resources)
  if (statement.notResources) return !any(statement.notResources)
  return true // a trust policy names no resource
}

/** `direct` names the principal or everybody, `account` delegates to the IAM policies of its account. */
function matchesPrincipal(statement: Statement, principal: Principal): 'direct' | 'account' | undefined {
  const root = rootOf(principal.account)
  if (statement.notPrincipals) {
    const excluded = statement.notPrincipals.AWS ?? []
    return excluded.some((name) => name === '*' || principal.names.includes(name)) ? undefined : 'direct'
  }
  const named = statement.principals?.AWS ?? []
  if (named.some((name) => name === '*' || principal.names.includes(name))) return 'direct'
  return named.some((name) => name === root || name === principal.account) ? 'account' : undefined
}

function identityAnswer(policies: Policy[], question: Question): 'allow' | 'deny' | undefined {
  let allowed: 'allow' | undefined
  for (const statement of policies.flatMap((policy) => policy.statements)) {
    if (!matchesAction(statement, question.action) || !matchesResource(statement, question.resource)) continue
    if (!conditionsHold(statement, question.context)) continue
    if (statement.effect === 'Deny') return 'deny'
    allowed = 'allow'
  }
  return allowed
}

function resourceAnswer(policy: Policy | undefined, question: Question): 'direct' | 'account' | 'deny' | undefined {
  let best: 'direct' | 'account' | undefined
  for (const statement of policy?.statements ?? []) {
    const match = matchesPrincipal(statement, question.principal)
    if (!match || !matchesAction(statement, question.action)) continue
    if (!matchesResource(statement, question.resource) || !conditionsHold(statement, question.context)) continue
    if (statement.effect === 'Deny') return 'deny'
    if (best !== 'direct') best = match
  }
  return best
}

const no = (reason: string, explicit = false): Answer => ({ allowed: false, explicit, reason })

/**
 * IAM's policy evaluation without organizations: an explicit deny anywhere wins; within an account one allow is enough
 * (for KMS through the key policy); across accounts both sides must allow.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function evaluate(question: Question): Answer {
  const { principal, action } = question
  const identity = principal.kind === 'root' ? 'allow' : identityAnswer(principal.policies, question)
  const session = principal.sessionPolicy ? identityAnswer([principal.sessionPolicy], question) : 'allow'
  const resource = resourceAnswer(question.resourcePolicy, question)
  if (identity === 'deny') return no('with an explicit deny in an identity-based policy', true)
  if (session === 'deny') return no('with an explicit deny in a session policy', true)
  if (resource === 'deny') return no('with an explicit deny in a resource-based policy', true)

  const byResource = `because no resource-based policy allows the ${action} action`
  const byIdentity = `because no identity-based policy allows the ${action} action`
  if (session === undefined && !(resource === 'direct' && principal.account === question.owner)) {
    return no(`because no session policy allows the ${action} action`)
  }
  if (principal.account !== question.owner) {
    if (!resource) return no(byResource)
    return identity === 'allow' || principal.kind === 'anonymous' ? { allowed: true } : no(byIdentity)
  }
  if (resource === 'direct') return { allowed: true }
  if (question.identityNeedsDelegation && resource !== 'account') return no(byResource)
  return identity === 'allow' ? { allowed: true } : no(byIdentity)
}

/** `User: … is not authorized to perform: … on resource: … because …` */
export function deniedMessage(
  question: Pick<Question, 'principal' | 'action'>,
  target: string,
  reason: string,
): string {
  return `User: ${question.principal.arn} is not authorized to perform: ${question.action} ${target} ${reason}`.trimEnd()
}
