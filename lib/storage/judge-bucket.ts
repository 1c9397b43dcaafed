import type {
  GetBucketVersioningOutput,
  LifecycleRule,
  ObjectLockConfiguration,
  PublicAccessBlockConfiguration,
  ServerSideEncryptionRule,
} from '@aws-sdk/client-s3'
import { commandRemedy } from '#lib/aws/fixes/commands.ts'
import { word } from '#lib/aws/fixes/shell.ts'
import type { Outcome } from '#lib/keys/run-check.ts'

// What a bucket's settings mean for backups in it. A risk is a warning: it never keeps settings from being saved.

type Judgement = Omit<Outcome, 'requestId'>

/** @param rules of the lifecycle; undefined when they may not be seen */
export function judgeLifecycle(
  bucket: string,
  folder: string,
  { Status, MFADelete }: Pick<GetBucketVersioningOutput, 'Status' | 'MFADelete'>,
  rules: readonly LifecycleRule[] | undefined,
): Judgement {
  const active = (rules ?? []).filter((rule) => rule.Status === 'Enabled' && mayTouch(rule, folder))
  const ends = active.find(({ Expiration }) => Expiration?.Days !== undefined || Expiration?.Date !== undefined)
  const named = (rule: LifecycleRule) => (rule.ID ? `The lifecycle rule “${rule.ID}”` : 'A lifecycle rule')
  if (ends) {
    const when = ends.Expiration?.Days === undefined ? 'on a date' : `after ${ends.Expiration.Days} days`
    return {
      status: 'warning',
      detail: `${named(ends)} deletes what is here ${when}, backups among it.`,
      cause: 'The rule covers where this environment’s backups lie, and does not know how long they are to be kept.',
      who: 'bucket',
      fix: 'Limit the rule to other prefixes, in S3 > the bucket > Management.',
    }
  }
  const archives = active.find(({ Transitions = [] }) =>
    Transitions.some(({ StorageClass }) => StorageClass === 'GLACIER' || StorageClass === 'DEEP_ARCHIVE'),
  )
  if (archives) {
    return {
      status: 'warning',
      detail: `${named(archives)} moves what is here to an archive class.`,
      cause: 'An object in that class must be restored in S3 before a backup can be read: that takes hours.',
      who: 'bucket',
      fix: 'Limit the rule to other prefixes, or use a class that is read at once, such as GLACIER_IR.',
    }
  }
  if (Status !== 'Enabled') {
    const detail = Status === 'Suspended' ? 'Versioning is suspended.' : 'Versioning is off: what is deleted is gone.'
    return { detail }
  }
  const mfa = MFADelete === 'Enabled' ? ' Old versions are deleted only with MFA.' : ''
  if (rules === undefined) return { detail: `Versioning is on.${mfa} The lifecycle was not looked at.` }
  if (active.some(({ NoncurrentVersionExpiration }) => NoncurrentVersionExpiration?.NoncurrentDays !== undefined))
    return { detail: `Versioning is on, and old versions are deleted by a lifecycle rule.${mfa}` }
  const rule = {
    Rules: [
      {
        ID: 'old-versions',
        Status: 'Enabled',
        Filter: {},
        NoncurrentVersionExpiration: { NoncurrentDays: 30 },
        Expiration: { ExpiredObjectDeleteMarker: true },
      },
    ],
  }
  return {
    status: 'warning',
    detail: `Versioning is on, and nothing deletes old versions.${mfa}`,
    cause:
      'A deleted backup stays as an old version, readable to whoever may, and is paid for until somebody removes it.',
    who: 'bucket',
    fix: 'Add a lifecycle rule that deletes noncurrent versions after some days.',
    remedies: [
      commandRemedy(
        'By an administrator of the bucket. It replaces all lifecycle rules that the bucket has: see S3 > the bucket > Management first.',
        `aws s3api put-bucket-lifecycle-configuration --bucket ${word(bucket)} --lifecycle-configuration ${word(JSON.stringify(rule))}`,
      ),
    ],
  }
}

/** A rule without a prefix covers the whole bucket; one that asks for tags covers none of ours, which have none. */
function mayTouch(rule: LifecycleRule, folder: string): boolean {
  const { Filter } = rule
  if (Filter?.Tag || (Filter?.And?.Tags?.length ?? 0) > 0) return false
  const prefix = Filter?.Prefix ?? Filter?.And?.Prefix ?? ('Prefix' in rule ? rule.Prefix : undefined) ?? ''
  return `${folder}/`.startsWith(prefix) || prefix.startsWith(`${folder}/`)
}

export function judgeObjectLock(configuration: ObjectLockConfiguration | undefined): Judgement {
  const retention = configuration?.Rule?.DefaultRetention
  if (configuration?.ObjectLockEnabled !== 'Enabled') return { detail: 'Off.' }
  if (!retention?.Mode) return { detail: 'On, with no default retention.' }
  const { Years, Days = 0 } = retention
  const time = Years ? `${Years} ${Years === 1 ? 'year' : 'years'}` : `${Days} ${Days === 1 ? 'day' : 'days'}`
  return {
    status: 'warning',
    detail: `Every object stays for ${time} (${retention.Mode.toLowerCase()}).`,
    cause: `No backup that was made can be removed before that${retention.Mode === 'COMPLIANCE' ? ', by nobody, AWS included' : ''}. Deleting one here only hides it.`,
    who: 'bucket',
    fix: 'If that is not what you want, use a bucket without a default retention.',
  }
}

export function judgePublicAccess(
  bucket: string,
  block: PublicAccessBlockConfiguration | undefined,
  isPublic: boolean,
): Judgement {
  const settings = ['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets'] as const
  const open = settings.filter((name) => !block?.[name])
  if (open.length === 0) return { detail: 'Public access is blocked, in all four ways.' }
  const all = settings.map((name) => `${name}=true`).join(',')
  return {
    status: 'warning',
    detail: isPublic
      ? 'The bucket policy lets everybody in.'
      : open.length === 4
        ? 'Public access is not blocked.'
        : `Public access is blocked only in part: not ${open.join(', ')}.`,
    cause:
      'Backups are encrypted, but who can read the bucket sees how many there are, when and how large; who can write can delete them.',
    who: 'bucket',
    fix: 'Turn on Block Public Access for the bucket.',
    remedies: [
      commandRemedy(
        'By an administrator of the bucket.',
        `aws s3api put-public-access-block --bucket ${word(bucket)} --public-access-block-configuration ${all}`,
      ),
    ],
  }
}

export function judgeEncryption(rule: ServerSideEncryptionRule | undefined): Judgement {
  const { SSEAlgorithm, KMSMasterKeyID } = rule?.ApplyServerSideEncryptionByDefault ?? {}
  if (SSEAlgorithm === undefined) return { detail: 'None. Backups are encrypted before they get there.' }
  if (SSEAlgorithm === 'AES256') return { detail: 'SSE-S3, on top of the backups’ own.' }
  return { detail: `SSE-KMS under ${KMSMasterKeyID ?? 'the key aws/s3'}, on top of the backups’ own.` }
}

interface PolicyStatement {
  Effect?: unknown
  Principal?: unknown
  Condition?: { Bool?: Record<string, unknown> }
}

/** @param policy of the bucket; undefined when it has none */
export function judgeTransport(policy: string | undefined): Judgement {
  if (policy !== undefined && deniesPlainHttp(policy)) return { detail: 'The bucket policy refuses plain HTTP.' }
  return { detail: 'Plain HTTP is not refused by the bucket policy. This console always uses TLS.' }
}

function deniesPlainHttp(policy: string): boolean {
  const { Statement }: { Statement?: PolicyStatement | PolicyStatement[] } = JSON.parse(policy)
  return [Statement ?? []].flat().some(({ Effect, Principal, Condition }) => {
    const everybody = Principal === '*' || Object(Principal).AWS === '*'
    const conditions = Object.entries(Condition?.Bool ?? {})
    const [[name, value] = []] = conditions
    const plain = name?.toLowerCase() === 'aws:securetransport' && String(value) === 'false'
    return Effect === 'Deny' && everybody && conditions.length === 1 && plain
  })
}
