import { GetCallerIdentityCommand, type STSClient } from '@aws-sdk/client-sts'
import { credentialHelp } from '#lib/aws/diagnosis.ts'
import { faultOf, isClockSkew, isCredentialFault } from '#lib/aws/fault.ts'
import { type Check, checkTitles } from './schema.ts'

/** Check `credentials`: they resolve, and AWS knows them. Needs no permission (STS GetCallerIdentity). */
export async function checkCredentials(sts: STSClient): Promise<{ check: Check; callerArn: string | undefined }> {
  const started = performance.now()
  const base = { id: 'credentials' as const, title: checkTitles.credentials }
  const took = () => Math.round(performance.now() - started)
  try {
    const { Arn, Account, $metadata } = await sts.send(new GetCallerIdentityCommand({}))
    return {
      callerArn: Arn,
      check: {
        ...base,
        status: 'passed',
        detail: `${Arn} in account ${Account}.`,
        awsRequestId: $metadata.requestId,
        durationMs: took(),
      },
    }
  } catch (error) {
    const fault = faultOf(error)
    const aws = { awsCode: fault.code, awsMessage: fault.message, awsRequestId: fault.requestId, durationMs: took() }
    if (!isCredentialFault(fault) && fault.kind !== 'invalid') {
      // Who we are is a courtesy: KMS and S3 say for themselves whether the credentials are good.
      return {
        callerArn: undefined,
        check: {
          ...base,
          ...aws,
          status: 'warning',
          kind: fault.kind,
          detail: 'AWS STS did not say who these credentials belong to. The checks below show whether they work.',
        },
      }
    }
    const told = credentialHelp(
      isClockSkew(fault.code, fault.message) ? 'RequestTimeTooSkewed' : fault.code,
      fault.message,
    )
    return {
      callerArn: undefined,
      check: { ...base, ...told, ...aws, status: 'failed', kind: fault.kind },
    }
  }
}
