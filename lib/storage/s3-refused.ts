import { aboutPrincipal, type Denial, policyPrincipal, readDenial } from '#lib/aws/denial.ts'
import { credentialHelp, type Diagnosis } from '#lib/aws/diagnosis.ts'
import type { AwsFault } from '#lib/aws/fault.ts'
import { denySomewhere, refusedFromAbove, withDecision } from '#lib/aws/refused.ts'
import { findRegion } from '#lib/aws/schema.ts'
import { type BucketUse, bucketPolicyFor, iamPolicyForBucket } from './bucket-policies.ts'
import { isS3Action, type S3Action, type S3Situation, s3Verbs } from './s3-situation.ts'

/** Access denied by S3: Amazon S3 user guide, "Troubleshoot access denied (403 Forbidden) errors". */
export function s3Refused({ message }: AwsFault, asked: S3Action, situation: S3Situation): Diagnosis {
  const denial = readDenial(message)
  return withDecision(denial, told(denial, message, asked, situation))
}

function told(denial: Denial, message: string, asked: S3Action, situation: S3Situation): Diagnosis {
  const { bucket, folder = '' } = situation
  // One request may need several: reading what is not there is refused for s3:ListBucket.
  const action = isS3Action(denial.action) ? denial.action : asked
  const caller = situation.callerArn ?? denial.principal
  const principal = caller ? policyPrincipal(caller) : undefined
  const who = principal ?? 'these credentials'
  const what = `${s3Verbs[action]} objects`
  const detail = `S3 refused ${action} in bucket ${bucket}.`
  const place = {
    bucket,
    folder,
    partition: caller?.split(':')[1] || findRegion(situation.region ?? '')?.partition || 'aws',
  }
  const use = bucketUse(action, situation)
  const iamPolicy = iamPolicyForBucket(principal, place, use)
  const plainPolicy = bucketPolicyFor(principal ?? 'ARN-OF-YOUR-USER-OR-ROLE', place, use)
  const bucketPolicy = { ...plainPolicy, note: `${plainPolicy.note}${aboutPrincipal(caller)}` }
  if (/object protected by object lock/i.test(message)) {
    return {
      title: `${what} was refused by Object Lock`,
      detail,
      cause: 'The version is under retention or a legal hold, and stays until that ends.',
      who: 'bucket',
      fix: 'Use a bucket without a default retention, or wait until the retention has ended.',
    }
  }
  if (/^Mfa Authentication must be used/i.test(message)) {
    return {
      title: `${what} was refused without MFA`,
      detail,
      cause:
        'The bucket has MFA Delete: versions are deleted by its owner’s root user alone, with a code of the MFA device.',
      who: 'bucket',
      fix: 'The root user of the owner’s account deletes the version (aws s3api delete-object --version-id … --mfa "ARN CODE"), or turns MFA Delete off; a program cannot.',
    }
  }
  // The same code, for what lies between this console and S3.
  if (/headers present in the request which were not signed/i.test(message))
    return credentialHelp('SignatureDoesNotMatch', message, { known: true })
  if (/^Anonymous (users|access)/i.test(message)) return credentialHelp('MissingSecurityHeader', message)
  // The bucket asks another service, and that is what was refused.
  const ofKey = denial.by === 'unknown in this account' ? 'kms:Decrypt' : undefined
  const kmsAction = denial.action?.startsWith('kms:') ? denial.action : ofKey
  if (kmsAction) return bucketKeyRefused(denial, kmsAction, bucket, who)
  const fromAbove = refusedFromAbove(denial, { what, action, who, detail })
  if (fromAbove) return fromAbove

  switch (denial.by) {
    case 'resource-based policy':
      return denial.explicit
        ? {
            title: `${what} was refused by the bucket policy`,
            detail,
            cause: `A Deny statement in the policy of this bucket covers ${action} for ${who}.`,
            who: 'bucket policy',
            fix: `Whoever administers the bucket removes that Deny, or excepts ${who} from it. An Allow cannot overrule a Deny.${aboutPlace}${action === 's3:PutObject' ? aboutHeaders : ''}`,
          }
        : {
            title: `${what} was refused by the bucket policy`,
            detail,
            cause: `The policy of this bucket does not allow ${action} to ${who}.`,
            who: 'bucket policy',
            fix: 'Whoever administers the bucket adds these statements to its policy.',
            remedies: [bucketPolicy],
          }
    case 'identity-based policy': {
      const named = denial.policyArn ? `the policy ${denial.policyArn}` : `an IAM policy of ${who}`
      return denial.explicit
        ? {
            title: `${what} was refused by an IAM policy`,
            detail,
            cause: `A Deny statement in ${named} covers ${action}.`,
            who: 'IAM policy',
            fix: 'Whoever administers IAM in that account removes the Deny or narrows it.',
          }
        : {
            title: `${what} is not allowed by any IAM policy`,
            detail,
            cause: `No IAM policy of ${who} allows ${action} in this bucket.`,
            who: 'IAM policy',
            fix: `Add this IAM policy to ${who}. Where the bucket is of another account, its bucket policy must allow it as well.`,
            remedies: [iamPolicy],
          }
    }
    case 'public access block':
      return {
        title: `${what} was refused by S3 Block Public Access`,
        detail,
        cause: 'What is public is shut out by the bucket’s or the account’s setting.',
        who: 'bucket',
        fix: 'Send no public ACL and set no public bucket policy. Leave the setting on.',
      }
    default:
      break
  }
  if (/^(Access Denied|Forbidden)?$/i.test(message.trim())) {
    return {
      title: `${what} was refused`,
      detail,
      cause: `S3 gives its reasons only within an account or an organization. So the bucket is of another one than account ${accountOf(caller) ?? 'of the caller'}: one of the two sides does not allow it, or denies it; or what answers is not AWS’s S3.`,
      who: 'bucket policy',
      fix: 'Both sides must allow it: the owner of the bucket adds the statements to the bucket policy, and the account of the caller adds the IAM policy. A bucket with Requester Pays refuses as well: its owner turns that off. A store of your own has permissions of its own.',
      remedies: [bucketPolicy, iamPolicy],
    }
  }
  if (denial.explicit) return denySomewhere({ what, action, who, detail }, message)
  return {
    title: `${what} was refused`,
    detail,
    cause: `S3 did not say which policy refused ${who}: ${message}`,
    fix: `Look for ${action} in CloudTrail, by the request ID: what it refused, and to whom. If nothing denies it, this IAM policy allows it.`,
    remedies: [iamPolicy],
  }
}

// The most usual Deny of everything: Amazon S3 user guide, "Controlling access from VPC endpoints with bucket policies".
const aboutPlace =
  ' If it asks where requests come from (aws:SourceVpce, aws:SourceVpc, aws:SourceIp), let this console’s come from there.'
// The most usual Deny of writing: Amazon S3 user guide, "Using server-side encryption with KMS keys".
const aboutHeaders =
  ' If it asks for an encryption header (s3:x-amz-server-side-encryption), set the bucket’s default encryption in its place: this console sends no such header, because backups are encrypted before they get there.'

function bucketKeyRefused(denial: Denial, action: string, bucket: string, who: string): Diagnosis {
  const detail = `S3 encrypts what is in ${bucket} under a KMS key, and ${who} may not use it.`
  const instead = 'or set the bucket’s default encryption to SSE-S3. Backups are encrypted before they get there.'
  const what = 'Use of the bucket’s own encryption key'
  const fromAbove = refusedFromAbove(denial, { what, action, who, detail })
  if (fromAbove) return { ...fromAbove, fix: `${fromAbove.fix} Or let the bucket encrypt with SSE-S3.` }
  const key = denial.resource ?? 'that key'
  const base = { title: 'The bucket’s own encryption key refused', detail }
  if (denial.explicit && denial.by === 'identity-based policy')
    return {
      ...base,
      cause: `A Deny statement in ${denial.policyArn ? `the policy ${denial.policyArn}` : `an IAM policy of ${who}`} covers ${action} on ${key}.`,
      who: 'IAM policy',
      fix: `Whoever administers IAM in that account removes the Deny or narrows it; ${instead}`,
    }
  if (denial.explicit)
    return {
      ...base,
      cause: `A Deny statement in the policy of ${key} covers ${action} for ${who}.`,
      who: 'key policy',
      fix: `Whoever administers that key removes the Deny, or excepts ${who} from it; ${instead}`,
    }
  if (denial.by === 'unknown in this account')
    return {
      ...base,
      cause: `${action} is not allowed to ${who}: the key does not exist, or is of another account that does not share it. AWS does not tell these apart.`,
      who: 'key policy',
      fix: `The owner of the bucket names a key of their own, as its full ARN, whose policy allows kms:GenerateDataKey and kms:Decrypt to ${who} (the key aws/s3 cannot be shared); ${instead}`,
    }
  return {
    ...base,
    cause: `${action} on ${key} is not allowed to ${who}.`,
    who: denial.by === 'identity-based policy' ? 'IAM policy' : 'key policy',
    fix: `${denial.by === 'identity-based policy' ? `Whoever administers IAM, or that key,` : 'Whoever administers that key'} allows kms:GenerateDataKey and kms:Decrypt to ${who}; ${instead}`,
  }
}

const accountOf = (arn: string | undefined) => arn?.split(':')[4]

function bucketUse(action: S3Action, { removing = false }: S3Situation): BucketUse {
  if (action === 's3:DeleteObjectVersion') return 'delete versions'
  if (action === 's3:ListBucketVersions' || action === 's3:GetObjectVersion')
    return removing ? 'delete versions' : 'read versions'
  return 'objects'
}
