import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import type { AwsClients } from '#lib/aws/clients.ts'
import { type AwsFault, faultOf, isClockSkew, isCredentialFault } from '#lib/aws/fault.ts'
import { type AssumedRole, diagnoseSts } from './diagnose-sts.ts'
import { type Check, checkTitles } from './schema.ts'

export interface CredentialsAnswer {
  readonly check: Check
  /** Undefined when STS did not say. */
  readonly callerArn: string | undefined
  /** AWS refused the request for its time: nothing is known of the credentials, and every other call fails alike. */
  readonly clockFault: AwsFault | undefined
}

/** Check `credentials`: they resolve, and AWS knows them. Needs no permission (STS GetCallerIdentity). */
export async function checkCredentials(
  { sts, resolveCredentials }: Pick<AwsClients, 'sts' | 'resolveCredentials'>,
  role: AssumedRole | undefined,
  region: string,
): Promise<CredentialsAnswer> {
  const started = performance.now()
  const base = { id: 'credentials' as const, title: checkTitles.credentials }
  const took = () => Math.round(performance.now() - started)
  let resolved = false
  try {
    await resolveCredentials()
    resolved = true
    const { Arn, Account, $metadata } = await sts.send(new GetCallerIdentityCommand({}))
    const detail = `${Arn} in account ${Account}.`
    return {
      callerArn: Arn,
      clockFault: undefined,
      check: { ...base, status: 'passed', detail, awsRequestId: $metadata.requestId, durationMs: took() },
    }
  } catch (error) {
    const fault = faultOf(error)
    const aws = { awsCode: fault.code, awsMessage: fault.message, awsRequestId: fault.requestId, durationMs: took() }
    const answer = (check: Check, clockFault?: AwsFault) => ({ callerArn: undefined, check, clockFault })
    if (isClockSkew(fault.code, fault.message)) {
      const detail = 'Not known: AWS refuses requests with the time of this machine.'
      return answer({ ...base, status: 'skipped', detail, durationMs: took() }, fault)
    }
    const told = diagnoseSts(fault, role, region)
    // Without credentials no call is made at all: whatever kept them away is what is to be mended, and not KMS or S3.
    if (!resolved || isCredentialFault(fault) || fault.kind === 'invalid')
      return answer({ ...base, ...told, ...aws, status: 'failed', kind: fault.kind })
    // Who we are is a courtesy: KMS and S3 say for themselves whether the credentials are good.
    const detail = 'AWS STS did not say who these credentials belong to. The checks below show whether they work.'
    const { cause, who, fix } = told
    return answer({ ...base, ...aws, status: 'warning', kind: fault.kind, detail, cause, ...(who && { who }), fix })
  }
}
