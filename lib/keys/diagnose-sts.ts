import { type Denial, policyPrincipal, readDenial } from '#lib/aws/denial.ts'
import { credentialHelp, type Diagnosis } from '#lib/aws/diagnosis.ts'
import { type AwsFault, isClockSkew, isCredentialFault, isOnTheWay } from '#lib/aws/fault.ts'
import { iamPolicyRemedy } from '#lib/aws/fixes/iam-policy.ts'
import { plainName, policyOf } from '#lib/aws/fixes/policy.ts'
import { trustPolicyRemedy } from '#lib/aws/fixes/trust-policy.ts'
import { denySomewhere, refusedFromAbove, withDecision } from '#lib/aws/refused.ts'
import { mayBeOff } from '#lib/aws/region-is-off.ts'
import { unreachable } from '#lib/aws/unreachable.ts'

/** The role that the credentials are to come from. */
export interface AssumedRole {
  readonly arn: string
  readonly externalId: string
}

/**
 * One cause and one fix for a failed call to STS: AWS STS API reference, AssumeRole and GetCallerIdentity.
 * @param role undefined where credentials are used as they are found; a role that the host's own configuration names is none
 * @param region in which STS was asked
 */
export function diagnoseSts(fault: AwsFault, role: AssumedRole | undefined, region?: string): Diagnosis {
  const { code, message } = fault
  if (isClockSkew(code, message)) return credentialHelp('RequestTimeTooSkewed', message)
  if (isCredentialFault(fault)) return credentialHelp(code, message, { region })
  if (isOnTheWay(fault)) return unreachable(fault, 'AWS STS')
  switch (code) {
    case 'AccessDenied':
    case 'AccessDeniedException':
      return denied(fault, role)
    case 'RegionDisabledException':
      return stsOff(message, region)
    case 'ValidationError':
      return {
        title: 'STS does not take the role or its session',
        detail: `AWS answered ${code}.`,
        cause: message || 'The role ARN is malformed.',
        who: 'settings',
        fix: /DurationSeconds/i.test(message)
          ? 'Ask for shorter sessions: duration_seconds in the profile. Through another role AWS gives an hour at most; otherwise IAM > Roles > the role > Maximum session duration can be raised.'
          : /externalId/i.test(message)
            ? 'Correct the external ID: 2 to 1,224 letters, digits and _+=,.@:/- only.'
            : 'Copy the role ARN from IAM > Roles.',
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

/**
 * Where every account has a Region, STS has a switch of its own there (IAM user guide, "Manage AWS STS in an AWS Region").
 */
function stsOff(message: string, region: string | undefined): Diagnosis {
  const where = region ?? 'the Region'
  // Which must have it, AWS says: that of the role. A Region that is off by default wants both accounts.
  const account = /\baccount:\s*(?<id>\d+)/.exec(message)?.groups?.id
  const turnOn = `Turn ${where} on in Account > AWS Regions, for a role in its account and in that of the credentials which take it on; or choose a Region that is on.`
  const activate = `Activate ${where} in IAM > Account settings > Security Token Service (STS) > Endpoints, in ${account ? `account ${account}` : 'the account of the role, or of these credentials'}.`
  return {
    title: 'STS is off in this Region',
    detail: `AWS refused, because the account does not use STS in ${where}.`,
    cause: message || 'An administrator of the account has turned STS off there, or never turned the Region on.',
    who: 'account',
    fix: region === undefined ? `${turnOn} ${activate}` : mayBeOff(region) ? turnOn : activate,
  }
}

/** The credentials are fetched as late as the first call of another service, which then throws what STS has answered. */
export function isOfSts({ code, message }: AwsFault): boolean {
  return /^AccessDenied/.test(code) && /\bsts:AssumeRole|may not be assumed by root/i.test(message)
}

/** STS refuses AssumeRole in one way, whichever side does not allow it: only a Deny is told by its policy. */
function denied(fault: AwsFault, role: AssumedRole | undefined): Diagnosis {
  const told = readDenial(fault.message)
  // The policy of a role as a resource is its trust policy.
  const denial = told.by === 'resource-based policy' ? { ...told, by: 'role trust policy' as const } : told
  return withDecision(denial, deniedBy(denial, fault, role))
}

function deniedBy(denial: Denial, fault: AwsFault, role: AssumedRole | undefined): Diagnosis {
  if (/sts:AssumeRoleWithWebIdentity/.test(fault.message)) return webIdentityDenied(fault.message)
  if (/may not be assumed by root/i.test(fault.message)) return rootDenied(fault.message)
  const action = denial.action ?? 'sts:AssumeRole'
  const principal = denial.principal && policyPrincipal(denial.principal)
  const who = principal ?? 'these credentials'
  const roleArn = denial.resource ?? role?.arn
  const detail = roleArn ? `The role ${roleArn} cannot be taken on.` : 'AWS STS refused the request.'
  // A role that leads to the environment's own is none of this console's, and wants no external ID of it.
  const externalId = roleArn === role?.arn ? role?.externalId : undefined
  const trust =
    roleArn && denial.principal && externalId ? trustPolicyRemedy(roleArn, denial.principal, externalId) : undefined
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
    const foreign = principal !== undefined && principal.split(':')[4] !== roleArn.split(':')[4]
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
      fix: foreign
        ? `Add this IAM policy to ${who}. For a role of another account both sides must allow it: its trust policy names ${who} as well${trust ? ', like this' : ''}.`
        : `Add this IAM policy to ${who}.`,
      remedies: [assumePolicy(principal, roleArn), ...(foreign && trust ? [trust] : [])],
    }
  }
  if (denial.explicit) return denySomewhere({ what: 'Taking on the role', action, who, detail }, fault.message)
  return {
    title: 'Taking on the role was refused',
    detail,
    cause: `STS does not tell these apart: the role does not exist, its trust policy does not name ${who}${externalId ? ' with this environment’s external ID' : ''}, or no IAM policy of ${who} allows ${action}.`,
    who: 'role trust policy',
    fix: `Whoever owns the role ${trust ? 'gives it this trust policy' : `names ${who} in its trust policy`}, and ${who} gets ${roleArn ? 'this' : 'an'} IAM policy${roleArn ? '' : ` that allows ${action}`}.`,
    ...(roleArn && { remedies: [...(trust ? [trust] : []), assumePolicy(principal, roleArn)] }),
  }
}

/** For tokens of an identity provider (Kubernetes, CI) STS says no more than this, and never which role it was. */
function webIdentityDenied(message: string): Diagnosis {
  return {
    title: 'The role of the web identity cannot be taken on',
    detail: `AWS answered: ${message}`,
    cause:
      'STS does not tell these apart: the role in AWS_ROLE_ARN does not exist, or its trust policy does not allow sts:AssumeRoleWithWebIdentity to the provider, audience and subject that are in this machine’s token.',
    who: 'role trust policy',
    fix: 'Compare the role’s trust policy (Principal.Federated, and the conditions on :aud and :sub) with the token in AWS_WEB_IDENTITY_TOKEN_FILE: namespace and service account must be the same to the letter.',
  }
}

function rootDenied(message: string): Diagnosis {
  return {
    title: 'The root user cannot take on a role',
    detail: `AWS answered: ${message}`,
    cause: 'The credentials that are to take on the role are those of the account’s root user.',
    who: 'credentials',
    fix: 'Give this console the credentials of an IAM user or a role, and delete the root user’s access keys.',
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
