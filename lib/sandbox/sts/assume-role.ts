import { randomBytes } from 'node:crypto'
import { parseArn } from '../arn.ts'
import { AwsError } from '../aws-error.ts'
import type { Xml } from '../http/xml-write.ts'
import { deniedMessage, evaluate } from '../iam/evaluate.ts'
import { globalContext } from '../iam/global-context.ts'
import { MalformedPolicy, parsePolicy } from '../iam/policy.ts'
import type { Principal } from '../iam/principal.ts'
import { type Session, sealSession, sessionPrincipal } from '../iam/session-token.ts'
import { randomLetters } from '../random-id.ts'
import type { World } from '../world.ts'

const invalid = (message: string) => new AwsError('ValidationError', message)

function required(form: URLSearchParams, name: string): string {
  const value = form.get(name)
  if (value) return value
  const member = `${name.charAt(0).toLowerCase()}${name.slice(1)}`
  throw invalid(
    `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
  )
}

function sessionName(form: URLSearchParams): string {
  const name = required(form, 'RoleSessionName')
  if (/^[\w+=,.@-]{2,64}$/.test(name)) return name
  throw invalid(
    `1 validation error detected: Value '${name}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*`,
  )
}

/** Real STS starts at 900 seconds; shorter is let through here, so that a test can see a session end. */
function duration(form: URLSearchParams, caller: Principal, max: number): number {
  const seconds = Number(form.get('DurationSeconds') ?? 3600)
  if (!Number.isInteger(seconds) || seconds < 1)
    throw invalid(
      `1 validation error detected: Value '${seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900`,
    )
  if (caller.kind === 'role' && seconds > 3600) {
    throw invalid('The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining')
  }
  if (seconds > max) throw invalid('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.')
  return seconds
}

function sessionPolicy(form: URLSearchParams): string | undefined {
  const text = form.get('Policy')
  if (text === null) return undefined
  try {
    parsePolicy(text, 'identity')
    return text
  } catch (error) {
    throw new AwsError('MalformedPolicyDocument', error instanceof MalformedPolicy ? error.message : 'Invalid policy')
  }
}

export function assumeRole(
  form: URLSearchParams,
  caller: Principal,
  region: string,
  world: World,
): { [name: string]: Xml } {
  const arn = required(form, 'RoleArn')
  const parsed = parseArn(arn)
  if (parsed?.service !== 'iam' || !parsed.resource.startsWith('role/')) throw invalid(`${arn} is invalid`)
  const name = sessionName(form)
  const externalId = form.get('ExternalId')
  if (externalId !== null && !/^[\w+=,.@:/-]{2,1224}$/.test(externalId)) {
    throw invalid(
      `1 validation error detected: Value '${externalId}' at 'externalId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@:\\/-]*`,
    )
  }
  const role = world.iam.role(arn)
  const question = { principal: caller, action: 'sts:AssumeRole', resource: arn, owner: parsed.account }
  const denied = (reason: string) => {
    return new AwsError('AccessDenied', deniedMessage(question, `on resource: ${arn}`, reason), 403)
  }
  // Documented is "because no role trust policy allows …"; what STS answers says neither that nor whether there is a role.
  if (!role) throw denied('')
  const context = globalContext(caller, { region, time: world.clock.now() })
  context.set('sts:rolesessionname', [name])
  if (externalId !== null) context.set('sts:externalid', [externalId])
  const answer = evaluate({
    ...question,
    context,
    resourcePolicy: parsePolicy(role.trustPolicy, 'resource'),
    identityNeedsDelegation: true,
  })
  if (!answer.allowed) {
    const byTrust = answer.reason.includes('resource-based')
    throw denied(byTrust ? (answer.explicit ? 'with an explicit deny in the role trust policy' : '') : answer.reason)
  }
  const policy = sessionPolicy(form)
  const session: Session = {
    accessKeyId: `ASIA${randomLetters(16)}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    roleArn: arn,
    name,
    expires: world.clock.now() + duration(form, caller, role.maxSessionDuration) * 1000,
    ...(policy !== undefined && { policy }),
  }
  const principal = sessionPrincipal(session, world.iam)
  return {
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: sealSession(session, world.iam.tokenKey),
      Expiration: new Date(session.expires).toISOString(),
    },
    AssumedRoleUser: { AssumedRoleId: principal?.userId, Arn: principal?.arn },
  }
}
