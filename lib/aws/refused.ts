import type { Denial } from './denial.ts'
import type { Diagnosis } from './diagnosis.ts'
import { commandRemedy } from './fixes/commands.ts'

interface Refused {
  /** What was refused, to begin a title with: `Encrypt`, `Writing objects`. */
  readonly what: string
  /** `kms:Encrypt` */
  readonly action: string
  /** Whose request it was, as a policy names them. */
  readonly who: string
  /** What follows from it. */
  readonly detail: string
}

/**
 * One cause and one fix for a refusal by a policy that stands above those of the key or bucket and of the caller;
 * undefined for these. Which it was, AWS says itself: IAM user guide, "Troubleshoot access denied error messages".
 */
export function refusedFromAbove(denial: Denial, { what, action, who, detail }: Refused): Diagnosis | undefined {
  const { by, explicit, policyArn } = denial
  const named = policyArn ? ` (${policyArn})` : ''
  switch (by) {
    case 'service control policy':
      return {
        title: `${what} was refused by your organization`,
        detail,
        cause: explicit
          ? `A service control policy${named} denies ${action} to ${who}.`
          : `No service control policy allows ${action} to ${who}. It must be allowed at every level: root, organizational unit and account.`,
        who: by,
        fix: `An administrator of the AWS organization ${explicit ? 'removes that Deny, or excepts this principal from it; where there is none, the action is missing from what is allowed at some level, which some services tell in the same words' : 'allows this action at every level'}. No key or IAM policy can overrule it.`,
      }
    case 'resource control policy':
      return {
        title: `${what} was refused by the organization of the resource`,
        detail,
        cause: `A resource control policy${named} denies ${action} to ${who}.`,
        who: by,
        fix: 'An administrator of the organization that owns the key or bucket excepts this principal from that Deny.',
      }
    case 'VPC endpoint policy':
      return {
        title: `${what} was refused by the VPC endpoint`,
        detail,
        cause: `The policy of the VPC endpoint that the request went through ${explicit ? 'denies' : 'does not allow'} ${action}.`,
        who: by,
        fix: explicit
          ? 'Whoever administers the network removes that Deny from the VPC endpoint policy, or narrows it.'
          : 'Whoever administers the network allows this action in the VPC endpoint policy.',
      }
    case 'permissions boundary':
      return {
        title: `${what} was refused by a permissions boundary`,
        detail,
        cause: `The permissions boundary${named} of ${who} ${explicit ? 'denies' : 'does not allow'} ${action}.`,
        who: by,
        fix: explicit
          ? `Whoever administers IAM in that account removes the Deny of ${action} from the boundary.`
          : `Whoever administers IAM in that account allows ${action} in the boundary. An IAM policy cannot go beyond it.`,
      }
    case 'session policy':
      return {
        title: `${what} was refused by a session policy`,
        detail,
        cause: `The policy passed when the session of ${who} was made${named} ${explicit ? 'denies' : 'does not allow'} ${action}.`,
        who: by,
        fix: explicit
          ? `Whoever issues these sessions takes the Deny of ${action} out of the session policy.`
          : `Whoever issues these sessions allows ${action} in the session policy.`,
      }
    case 'role trust policy':
      return {
        title: `${what} was refused by the role’s trust policy`,
        detail,
        cause: `The trust policy of the role ${explicit ? 'denies' : 'does not allow'} ${action} to ${who}.`,
        who: by,
        fix: explicit
          ? 'Whoever owns the role removes that Deny from its trust policy.'
          : 'Whoever owns the role names this principal in its trust policy.',
      }
    default:
      return undefined
  }
}

/** AWS says that a Deny covers it, and not where: older services say no more. */
export function denySomewhere({ what, action, who, detail }: Refused, message: string): Diagnosis {
  return {
    title: `${what} was refused by a Deny`,
    detail,
    cause: `A Deny statement covers ${action} for ${who}. AWS did not say in which policy: ${message}`,
    fix: `Look for that Deny in the IAM policies of ${who}, in the policy of what was asked for, and in those of the organization. Often it asks for MFA, an address or a VPC endpoint. An Allow cannot overrule it.`,
  }
}

/**
 * Adds how to see what AWS decided, where it offers that: IAM user guide, "Troubleshoot access denied error messages with
 * authorization ID".
 */
export function withDecision({ authorization }: Denial, diagnosis: Diagnosis): Diagnosis {
  if (!authorization) return diagnosis
  const region = authorization.region === undefined ? '' : ` --region ${authorization.region}`
  const show = commandRemedy(
    'What AWS decided, statement by statement. It is kept for 24 hours; needs iam:GetRequestAuthorizationDetails.',
    `aws iam-toolbox get-request-authorization-details${region} --authorization-id ${authorization.id}`,
  )
  return { ...diagnosis, remedies: [...(diagnosis.remedies ?? []), show] }
}
