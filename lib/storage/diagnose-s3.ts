import { policyPrincipal, readDenial } from '#lib/aws/denial.ts'
import { credentialHelp, type Diagnosis, unreachable } from '#lib/aws/diagnosis.ts'
import { type AwsFault, isClockSkew, isCredentialFault } from '#lib/aws/fault.ts'

export type S3Action = 's3:PutObject' | 's3:GetObject' | 's3:DeleteObject' | 's3:ListBucket'

export interface S3Situation {
  readonly bucket: string
  /** From STS; unknown when STS did not answer. */
  readonly callerArn: string | undefined
}

const verbs: Record<S3Action, string> = {
  's3:PutObject': 'Writing',
  's3:GetObject': 'Reading',
  's3:DeleteObject': 'Deleting',
  's3:ListBucket': 'Listing',
}

/** One cause and one fix for one failed S3 call. Facts: Amazon S3 API reference, "Error responses". */
export function diagnoseS3(fault: AwsFault, action: S3Action, { bucket, callerArn }: S3Situation): Diagnosis {
  const verb = verbs[action]
  if (isClockSkew(fault.code, fault.message)) return credentialHelp('RequestTimeTooSkewed', fault.message)
  if (isCredentialFault(fault)) return credentialHelp(fault.code, fault.message)
  if (fault.kind === 'unreachable') return unreachable(fault, `Bucket ${bucket}`)
  switch (fault.code) {
    case 'NoSuchBucket':
    case 'NotFound':
      return {
        title: 'There is no such bucket',
        detail: `The bucket ${bucket} does not exist.`,
        cause: 'Its name is spelled differently, or it was deleted.',
        fix: 'Check the name in S3 > Buckets, or create the bucket in the Region chosen above.',
      }
    case 'PermanentRedirect':
    case 'AuthorizationHeaderMalformed':
    case 'IllegalLocationConstraintException': {
      const region = fault.bucketRegion ?? /expecting '(?<region>[a-z0-9-]+)'/.exec(fault.message)?.groups?.region
      return {
        title: 'The bucket is in another Region',
        detail: region ? `The bucket ${bucket} is in ${region}.` : `The bucket ${bucket} is not in the Region chosen.`,
        cause: 'A bucket lives in one Region, and key and bucket must be in the same one.',
        fix: region
          ? `Choose the Region ${region}, or a bucket in the Region of the key.`
          : 'Choose the Region of the bucket, or another bucket.',
      }
    }
    case 'InvalidBucketName':
      return {
        title: 'This is not a bucket name',
        detail: `S3 does not accept the name ${bucket}.`,
        cause: fault.message,
        fix: 'Correct the bucket name.',
      }
    case 'AccessDenied':
    case 'Forbidden': {
      const denial = readDenial(fault.message)
      const caller = callerArn ?? denial.principal
      const who = caller ? policyPrincipal(caller) : 'these credentials'
      return {
        title: `${verb} objects was refused`,
        detail: `S3 refused ${action} in bucket ${bucket}.`,
        cause:
          denial.by === 'not told' || denial.by === 'unknown in this account'
            ? `S3 did not say which policy refused ${who}${fault.message ? `: ${fault.message}` : '.'}`
            : `${denial.by === 'identity-based policy' ? 'An' : 'A'} ${denial.by} ${denial.explicit ? 'denies' : 'does not allow'} ${action} to ${who}.`,
        fix: 'Add this statement to an IAM policy of that user or role, or to the bucket policy with that principal; and remove any Deny that covers it.',
        remedy: { label: 'IAM policy', text: bucketPolicy(bucket, caller) },
      }
    }
    case 'PreconditionFailed':
    case 'NotImplemented':
      return {
        title: 'Conditional writes do not work here',
        detail: `Bucket ${bucket} did not accept a write that must not replace anything (If-None-Match).`,
        cause: fault.message || fault.code,
        fix: 'Use an S3 bucket, or a store that implements conditional writes.',
      }
  }
  return {
    title: `${verb} an object failed`,
    detail: `S3 answered ${fault.code}${fault.message ? `: ${fault.message}` : ', with no message'}`,
    cause: 'This answer is not one this console knows, so it does not guess.',
    fix: 'Look the code up in the Amazon S3 API reference. The request ID lets AWS Support find this call.',
  }
}

function bucketPolicy(bucket: string, caller: string | undefined): string {
  // A bucket's ARN has no account and no Region, but its partition is the caller's.
  const arn = `arn:${caller?.split(':')[1] || 'aws'}:s3:::${bucket}`
  return JSON.stringify(
    {
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'VaultConsoleObjects',
          Effect: 'Allow',
          Action: ['s3:PutObject', 's3:GetObject', 's3:DeleteObject'],
          Resource: `${arn}/*`,
        },
        { Sid: 'VaultConsoleList', Effect: 'Allow', Action: 's3:ListBucket', Resource: arn },
      ],
    },
    null,
    2,
  )
}
