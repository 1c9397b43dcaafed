import { credentialHelp, type Diagnosis } from '#lib/aws/diagnosis.ts'
import { type AwsFault, isCapReached, isClockSkew, isCredentialFault, isOnTheWay } from '#lib/aws/fault.ts'
import { commandRemedy } from '#lib/aws/fixes/commands.ts'
import { word } from '#lib/aws/fixes/shell.ts'
import { unreachable } from '#lib/aws/unreachable.ts'
import { diagnoseSts, isOfSts } from '#lib/keys/diagnose-sts.ts'
import { s3Refused } from './s3-refused.ts'
import { type S3Action, type S3Situation, s3Verbs } from './s3-situation.ts'

/** One cause and one fix for one failed S3 call. Facts: Amazon S3 API reference, "Error responses". */
export function diagnoseS3(fault: AwsFault, action: S3Action, situation: S3Situation): Diagnosis {
  const { bucket, region, callerArn } = situation
  if (isClockSkew(fault.code, fault.message)) return credentialHelp('RequestTimeTooSkewed', fault.message)
  if (isCredentialFault(fault))
    return credentialHelp(fault.code, fault.message, { region, known: callerArn !== undefined })
  if (fault.httpStatus === 507 || /QuotaExceeded$/.test(fault.code)) return full(fault, bucket)
  if (isCapReached(fault.message)) return capped(fault, bucket)
  if (isOnTheWay(fault)) return unreachable(fault, `Bucket ${bucket}`)
  if (isOfSts(fault)) return diagnoseSts(fault, undefined, region)
  // An answer to HEAD has no body and so no code.
  if (['AccessDenied', 'Forbidden', '403'].includes(fault.code)) return s3Refused(fault, action, situation)
  if (fault.code.startsWith('KMS.')) return ownKey(fault, bucket)
  return ofBucket(fault, situation) ?? ofRequest(fault, bucket) ?? unknown(fault, s3Verbs[action])
}

function ofBucket({ code, message, bucketRegion }: AwsFault, { bucket, region }: S3Situation): Diagnosis | undefined {
  switch (code) {
    case 'NoSuchBucket':
    case 'NotFound':
      return {
        title: 'There is no such bucket',
        detail: `The bucket ${bucket} does not exist.`,
        cause: 'Its name is spelled differently, or it was deleted.',
        who: 'settings',
        fix: `Check the name in S3 > Buckets, or create the bucket${region ? ` in ${region}` : ''}.`,
        ...(region && {
          remedies: [commandRemedy('Makes the bucket, closed to the public.', createBucket(bucket, region))],
        }),
      }
    case 'PermanentRedirect':
    case 'AuthorizationHeaderMalformed':
    case 'IllegalLocationConstraintException': {
      const there = bucketRegion ?? regionNamed(message)
      // The other things that may be wrong with that header are not the bucket's.
      if (code === 'AuthorizationHeaderMalformed' && !there && !/region/i.test(message)) return undefined
      return {
        title: 'The bucket is in another Region',
        detail: there ? `The bucket ${bucket} is in ${there}.` : `The bucket ${bucket} is not in the Region chosen.`,
        cause: 'A bucket lives in one Region, and key and bucket must be in the same one.',
        who: 'settings',
        fix: there
          ? `Choose the Region ${there}, or a bucket in the Region of the key.`
          : 'Choose the Region of the bucket, or another bucket.',
      }
    }
    case 'InvalidBucketName':
      return {
        title: 'This is not a bucket name',
        detail: `S3 does not accept the name ${bucket}.`,
        cause: message || 'It breaks a rule for the names of buckets.',
        who: 'settings',
        fix: 'Correct the bucket name.',
      }
    case 'AllAccessDisabled':
    case 'AccountProblem':
    case 'NotSignedUp':
      return {
        title: 'The account cannot use S3',
        detail: `S3 answered ${code} for bucket ${bucket}.`,
        cause: message || 'AWS has closed S3 for this account or bucket.',
        who: 'account',
        fix: 'The owner of the account settles it with AWS Support.',
      }
    case 'InvalidObjectState':
      return {
        title: 'The object is in an archive',
        detail: `S3 cannot give back an object of ${bucket} at once.`,
        cause: message || 'A lifecycle rule moved it to a Glacier storage class.',
        who: 'bucket',
        fix: 'Restore the object in S3 first, and keep backups out of archive classes that are not read at once.',
      }
    default:
      return undefined
  }
}

/** The Region of the bucket; a bucket whose location is “unspecified” is in the oldest one. */
function regionNamed(message: string): string | undefined {
  const named =
    /expecting '(?<region>[a-z0-9-]+)'/.exec(message) ?? /^The (?<region>[a-z0-9-]+) location constraint/.exec(message)
  const region = named?.groups?.region
  return region === 'unspecified' ? 'us-east-1' : region
}

function ofRequest({ code, message }: AwsFault, bucket: string): Diagnosis | undefined {
  switch (code) {
    case 'PreconditionFailed':
    case 'NotImplemented':
      return {
        title: 'Conditional writes do not work here',
        detail: `Bucket ${bucket} did not accept a write that must not replace anything (If-None-Match).`,
        cause: message || code,
        who: 'settings',
        fix: 'Use an S3 bucket, or a store that implements conditional writes.',
      }
    case 'BadDigest':
    case 'XAmzContentSHA256Mismatch':
      return {
        title: 'The bytes changed on their way',
        detail: `What arrived at bucket ${bucket} was not what this console had sent.`,
        cause: message || 'The checksum of the request does not match its body.',
        who: 'network',
        fix: 'Look for a proxy that rewrites uploads, and go around it.',
      }
    case 'EntityTooLarge':
      return {
        title: 'The store takes no object of this size',
        detail: `Bucket ${bucket} refused an object for its size.`,
        cause: message || 'The object is over the limit of the store.',
        who: 'settings',
        fix: 'Use an S3 bucket, or a store that takes objects of 16 MiB.',
      }
    case 'MethodNotAllowed':
      return {
        title: 'The store does not do this',
        detail: `Bucket ${bucket} refused the kind of request.`,
        cause: message || 'What answers at this endpoint does not speak the whole of S3.',
        who: 'settings',
        fix: 'Check the S3 endpoint: it must be that of the S3 API, not of a web site.',
      }
    default:
      return undefined
  }
}

/** S3 itself is never full; other stores say so each in its own way: MinIO, the sandbox (507), Ceph (`QuotaExceeded`). */
function full({ code, message }: AwsFault, bucket: string): Diagnosis {
  return {
    title: 'The store is full',
    detail: `Bucket ${bucket} took no more: ${code}.`,
    cause: message || 'The store, or the quota of this bucket or user, is used up.',
    who: 'bucket',
    fix: 'Delete backups that are not needed any more, or give the store more room. A backup that waits goes on by itself.',
  }
}

function capped({ code, message }: AwsFault, bucket: string): Diagnosis {
  return {
    title: 'A cap of the store’s account is reached',
    detail: `Bucket ${bucket} took no more requests: ${code}.`,
    cause: message,
    who: 'bucket',
    fix: 'Raise it where the account is administered (Backblaze B2: Caps & Alerts), or wait: those of a day end with it. A backup that waits goes on by itself.',
  }
}

/** What KMS says more exactly than by its code. */
function keyTrouble(message: string): string | undefined {
  const elsewhere = /^Invalid arn (?<region>[a-z0-9-]+)$/.exec(message)?.groups?.region
  if (elsewhere) return `That key is in ${elsewhere}, and the key of a bucket must be in the bucket’s Region.`
  if (/pending (replica )?deletion/i.test(message)) return 'That key is scheduled for deletion.'
  if (/pending import/i.test(message)) return 'That key has no key material: it was deleted or has expired.'
  if (/^Invalid keyId '?aws\//.test(message)) return 'The bucket names it without alias/ in front.'
  return undefined
}

/** Faults of the KMS key under which the bucket itself encrypts: S3 passes them on with `KMS.` in front. */
function ownKey({ code, message }: AwsFault, bucket: string): Diagnosis {
  const what = code.slice('KMS.'.length)
  const causes: Record<string, string> = {
    DisabledException: 'That key is disabled.',
    KMSInvalidStateException: 'That key is not in a state in which it can be used.',
    NotFoundException: 'There is no such key.',
    InvalidKeyUsageException: 'That key is not a symmetric key for encrypting.',
  }
  return {
    title: 'The bucket’s own encryption key does not work',
    detail: `Bucket ${bucket} encrypts under a KMS key of its own, and S3 answered ${code}${message ? `: ${message}` : '.'}`,
    cause: keyTrouble(message) ?? causes[what] ?? `KMS answered ${what} to S3.`,
    who: 'bucket',
    fix: 'Mend that key, or set the bucket’s default encryption to SSE-S3. Backups are encrypted before they get there.',
    remedies: [
      commandRemedy(
        'By an administrator of the bucket: default encryption with SSE-S3.',
        `aws s3api put-bucket-encryption --bucket ${word(bucket)} --server-side-encryption-configuration '{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}'`,
      ),
    ],
  }
}

function createBucket(bucket: string, region: string): string {
  // us-east-1 is the one Region that must not be named (Amazon S3 API reference, CreateBucket).
  const where = region === 'us-east-1' ? '' : ` --create-bucket-configuration LocationConstraint=${region}`
  return `aws s3api create-bucket --bucket ${word(bucket)} --region ${region}${where}`
}

function unknown({ code, message }: AwsFault, verb: string): Diagnosis {
  return {
    title: `${verb} an object failed`,
    detail: `S3 answered ${code}${message ? `: ${message}` : ', with no message'}`,
    cause: 'This answer is not one this console knows, so it does not guess.',
    fix: 'Look the code up in the Amazon S3 API reference. The request ID lets AWS Support find this call.',
  }
}
