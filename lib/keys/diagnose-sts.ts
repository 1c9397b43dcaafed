import { policyPrincipal, readDenial } from '#lib/aws/denial.ts'
import { credentialHelp, type Diagnosis, unreachable } from '#lib/aws/diagnosis.ts'
import { type AwsFault, isClockSkew, isCredentialFault } from '#lib/aws/fault.ts'
import { iamPolicyRemedy } from '#lib/aws/fixes/iam-policy.ts'
import { plainName, policyOf } from '#lib/aws/fixes/policy.ts'
import { trustPolicyRemedy } from '#lib/aws/fixes/trust-policy.ts'
import { refusedFromAbove } from '#lib/aws/refused.ts'

/** The role that the credentials are to come from. */
export interface AssumedRole {
  readonly arn: string
  readonly externalId: string
}

/** One cause and one fix for a failed call to STS: AWS STS API reference, AssumeRole and GetCallerIdentity. */
export function diagnoseSts(fault: AwsFault, role: AssumedRole | undefined): Diagnosis {
  const { code, message } = fault
  if (isClockSkew(code, message)) return credentialHelp('RequestTimeTooSkewed', message)
  if (isCredentialFault(fault)) return credentialHelp(code, message)
  if (fault.kind === 'unreachable') return unreachable(fault, 'AWS STS')
  switch (code) {
    case 'AccessDenied':
    case 'AccessDeniedException':
      return denied(fault, role)
    case 'RegionDisabledException':
      return {
        title: 'STS is off in this Region',
        detail: 'AWS refused, because the account has not turned on this Region for STS.',
        cause:
          message || 'Regions opened after March 2019 are off until an administrator of the account turns them on.',
        who: 'credentials',
        fix: 'Turn the Region on in Account > AWS Regions, or choose a Region that is on.',
      }
    case 'ValidationError':
      return {
        title: 'STS does not take the role or its session',
        detail: `AWS answered ${code}.`,
        cause: message || 'The role ARN is malformed.',
        who: 'settings',
        fix: 'Copy the role ARN from IAM > Roles.',
      }
    case 'PackedPolicyTooLarge':
    case 'PackedPolicyTooLargeException':
      return {
        title: 'The session’s policies and tags are too large',
        detail: `AWS answered ${code}.`,
        cause: message || 'Session policies and tags go over the limit of STS.',
        who: 'session policy',
        fix: 'Whoever issues these sessions passes fewer tags or a shorter session policy.',
      }
  }
  return {
    title: 'STS refused these credentials',
    detail: `AWS answered ${code}${message ? `: ${message}` : ', with no message'}.`,
    cause: 'This answer is not one this console knows, so it does not guess.',
    fix: 'Look the code up in the AWS STS API reference. The request ID lets AWS Support find this call.',
  }
}

/** STS refuses AssumeRole in one way, whichever side does not allow it: only a Deny is told by its policy. */
function denied(fault: AwsFault, role: AssumedRole | undefined): Diagnosis {
  const told = readDenial(fault.message)
  // The policy of a role as a resource is its trust policy.
  const denial = told.by === 'resource-based policy' ? { ...told, by: 'role trust policy' as const } : told
  const action = denial.action ?? 'sts:AssumeRole'
  const principal = denial.principal && policyPrincipal(denial.principal)
  const who = principal ?? 'these credentials'
  const roleArn = denial.resource ?? role?.arn
  const detail = roleArn ? `The role ${roleArn} cannot be taken on.` : 'AWS STS refused the request.'
  const externalId = role?.externalId
  const trust = roleArn && principal && externalId ? trustPolicyRemedy(roleArn, principal, externalId) : undefined
  const fromAbove = refusedFromAbove(denial, { what: 'Taking on the role', action, who, detail })
  if (fromAbove) {
    const trustMissing = denial.by === 'role trust policy' && !denial.explicit && trust
    return trustMissing ? { ...fromAbove, remedies: [trust] } : fromAbove
  }
  if (action === 'sts:GetCallerIdentity') {
    return {
      title: 'STS does not say who is calling',
      detail,
      cause: fault.message || 'AWS gave no reason.',
      who: 'network',
      fix: 'It needs no permission: look at what lies between this console and AWS STS.',
    }
  }
  if (denial.by === 'identity-based policy' && roleArn) {
    const base = { title: 'Taking on the role is not allowed by IAM', detail, who: 'IAM policy' as const }
    if (denial.explicit)
      return {
        ...base,
        title: 'Taking on the role was refused by an IAM policy',
        cause: `A Deny statement in an IAM policy of ${who} covers ${action}.`,
        fix: 'Whoever administers IAM in that account removes the Deny or narrows it.',
      }
    return {
      ...base,
      cause: `No IAM policy of ${who} allows ${action} on this role.`,
      fix: `Add this IAM policy to ${who}.`,
      remedies: [assumePolicy(principal, roleArn)],
    }
  }
  return {
    title: 'Taking on the role was refused',
    detail,
    cause: `STS does not tell these apart: the role does not exist, its trust policy does not name ${who} with this environment’s external ID, or no IAM policy of ${who} allows ${action}.`,
    who: 'role trust policy',
    fix: `Whoever owns the role gives it this trust policy, and ${who} gets this IAM policy.`,
    ...(trust && roleArn && { remedies: [trust, assumePolicy(principal, roleArn)] }),
  }
}

function assumePolicy(principal: string | undefined, roleArn: string) {
  const document = policyOf({
    Sid: 'VaultConsoleRole',
    Effect: 'Allow',
    Action: 'sts:AssumeRole',
    Resource: roleArn,
  })
  return iamPolicyRemedy(principal, `VaultConsoleRole${plainName(roleArn).slice(-8)}`, document)
}
