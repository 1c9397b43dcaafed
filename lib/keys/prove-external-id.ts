import { randomUUID } from 'node:crypto'
import { AssumeRoleCommand, GetCallerIdentityCommand, type STSClient } from '@aws-sdk/client-sts'
import { readDenial } from '#lib/aws/denial.ts'
import { type AwsFault, faultOf, isOnTheWay } from '#lib/aws/fault.ts'
import { trustPolicyRemedy } from '#lib/aws/fixes/trust-policy.ts'
import type { AssumedRole } from './diagnose-sts.ts'
import { type Check, checkTitles } from './schema.ts'

// The external ID protects nothing as long as the role can be had without it. So after the role was taken on with it, it
// is asked for once without and once with the ID of an environment that does not exist: what AWS tells third parties to do
// before they keep a role's ARN (IAM user guide, "Access to AWS accounts owned by third parties"). A trust policy may
// refuse one of them and take the other, so it takes both. All else is as it is when the role is used.

/** The shortest session that STS makes; nothing can be done with it. */
const thrownAway = {
  DurationSeconds: 900,
  Policy: JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }],
  }),
}

type Attempt =
  | { readonly outcome: 'taken'; readonly requestId: string | undefined }
  | { readonly outcome: 'refused' | 'unknown'; readonly fault: AwsFault }

/**
 * Check `credentials.externalId`: the role's trust policy demands the external ID of this environment.
 * @param sts with the credentials that take the role on
 */
export async function proveExternalId(
  sts: Pick<STSClient, 'send'>,
  role: AssumedRole & { readonly sessionName: string },
): Promise<Check> {
  const started = performance.now()
  const attempt = async (externalId?: string): Promise<Attempt> => {
    try {
      const { $metadata } = await sts.send(
        new AssumeRoleCommand({
          RoleArn: role.arn,
          RoleSessionName: role.sessionName,
          ...(externalId && { ExternalId: externalId }),
          ...thrownAway,
        }),
      )
      return { outcome: 'taken', requestId: $metadata.requestId }
    } catch (error) {
      const fault = faultOf(error)
      return { outcome: isOfTheRole(fault) ? 'refused' : 'unknown', fault }
    }
  }
  const [without, another] = await Promise.all([attempt(), attempt(randomUUID())])
  const judged = await judge(sts, role, without, another)
  return { ...base, ...judged, durationMs: Math.round(performance.now() - started) }
}

const base = { id: 'credentials.externalId' as const, title: checkTitles['credentials.externalId'] }

async function judge(
  sts: Pick<STSClient, 'send'>,
  role: AssumedRole,
  without: Attempt,
  another: Attempt,
): Promise<Omit<Check, 'id' | 'title' | 'durationMs'> & { readonly title?: string }> {
  const taken = without.outcome === 'taken' ? without : another.outcome === 'taken' ? another : undefined
  if (taken) return { ...tooOpen(role, await callerOf(sts), without, another), awsRequestId: taken.requestId }
  const unknown = [without, another].find(({ outcome }) => outcome === 'unknown')
  if (unknown && 'fault' in unknown) {
    const { code, message, requestId } = unknown.fault
    const aws = { awsCode: code, awsMessage: message, awsRequestId: requestId }
    return { status: 'skipped', detail: `Not known: ${whyUnknown(unknown.fault)}`, ...aws }
  }
  return {
    status: 'passed',
    detail: 'AWS refuses the role without this environment’s external ID, and with another one.',
    ...('fault' in another && { awsRequestId: another.fault.requestId }),
  }
}

/** Whether the refusal came from the role's side: its trust policy (of which STS mostly says nothing), or those above it. */
function isOfTheRole({ code, message }: AwsFault): boolean {
  if (!/^AccessDenied/.test(code)) return false
  const { by } = readDenial(message)
  return ['not told', 'role trust policy', 'resource-based policy', 'resource control policy'].includes(by)
}

function whyUnknown(fault: AwsFault): string {
  if (isOnTheWay(fault)) return 'AWS STS gave no usable answer when it was asked for the role in another way.'
  if (/^AccessDenied/.test(fault.code))
    return `without the external ID a policy on this console’s side (${readDenial(fault.message).by}) refuses the role before its trust policy counts.`
  return `AWS STS answered ${fault.code} when it was asked for the role in another way.`
}

/** Undefined when STS does not say. */
async function callerOf(sts: Pick<STSClient, 'send'>): Promise<string | undefined> {
  try {
    return (await sts.send(new GetCallerIdentityCommand({}))).Arn
  } catch {
    return undefined
  }
}

function tooOpen(role: AssumedRole, caller: string | undefined, without: Attempt, another: Attempt) {
  const [none, any] = [without.outcome === 'taken', another.outcome === 'taken']
  const made = 'that was made up just now'
  const ways = none ? `without an external ID${any ? `, and with one ${made}` : ''}` : `with an external ID ${made}`
  const who = caller ?? 'this console’s own credentials'
  // Within one account there is no third party to be protected: whoever owns the role owns its callers.
  const isForeign = caller !== undefined && caller.split(':')[4] !== role.arn.split(':')[4]
  return {
    title: none ? 'The role does not ask for the external ID' : 'The role takes any external ID',
    ...(isForeign ? { status: 'failed' as const, kind: 'invalid' as const } : { status: 'warning' as const }),
    detail: `${role.arn} could be taken on ${ways}. What AWS granted was thrown away.`,
    cause: `Its trust policy does not demand the external ID of this environment. So whoever else has ${who} act for them, through another console or program, can have it take on this role: the confused deputy.${
      isForeign ? '' : ' Both are of one account here, so it is a warning.'
    }`,
    who: 'role trust policy' as const,
    fix: `Whoever owns the role ${caller ? 'gives it this trust policy' : 'demands this environment’s external ID in its trust policy (StringEquals, sts:ExternalId)'}. Then check again.`,
    ...(caller && { remedies: [trustPolicyRemedy(role.arn, caller, role.externalId)] }),
  }
}
