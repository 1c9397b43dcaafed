import { AwsError } from '../aws-error.ts'
import type { Answer } from '../http/answer.ts'
import { child, childText, readXml, type XmlElement } from '../http/xml-read.ts'
import { xmlDocument } from '../http/xml-write.ts'
import { MalformedPolicy, type Policy, parsePolicy } from '../iam/policy.ts'
import { accessDenied, invalidArgument, invalidRequest, malformedXml } from './errors.ts'
import { type BucketCall, empty, type S3Handler, xml } from './s3-call.ts'
import { readSettingsBody } from './settings-body.ts'

async function readRoot(call: BucketCall, name: string): Promise<XmlElement> {
  const root = readXml(await readSettingsBody(call))
  if (root?.name !== name) throw malformedXml()
  return root
}

function missing(code: string, message: string, call: BucketCall): AwsError {
  return new AwsError(code, message, 404, { details: { BucketName: call.bucketName } })
}

export const getVersioning: S3Handler = (call) => {
  return xml('VersioningConfiguration', { Status: call.bucket.settings.versioning })
}

export const putVersioning: S3Handler = async (call) => {
  const status = childText(await readRoot(call, 'VersioningConfiguration'), 'Status')
  if (status !== 'Enabled' && status !== 'Suspended') throw malformedXml()
  if (status === 'Suspended' && call.bucket.settings.objectLock) {
    throw new AwsError(
      'InvalidBucketState',
      'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
      409,
    )
  }
  call.bucket.settings.versioning = status
  call.bucket.save()
  return empty()
}

export const getObjectLock: S3Handler = (call) => {
  const rule = call.bucket.settings.objectLock
  if (!rule) {
    throw missing(
      'ObjectLockConfigurationNotFoundError',
      'Object Lock configuration does not exist for this bucket',
      call,
    )
  }
  return xml('ObjectLockConfiguration', {
    ObjectLockEnabled: 'Enabled',
    Rule: rule.mode && { DefaultRetention: { Mode: rule.mode, Days: rule.days, Years: rule.years } },
  })
}

export const putObjectLock: S3Handler = async (call) => {
  const root = await readRoot(call, 'ObjectLockConfiguration')
  const { settings } = call.bucket
  if (childText(root, 'ObjectLockEnabled') !== 'Enabled') throw malformedXml()
  if (settings.versioning !== 'Enabled') {
    throw new AwsError(
      'InvalidBucketState',
      "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
      409,
    )
  }
  const retention = child(child(root, 'Rule'), 'DefaultRetention')
  if (!retention) {
    settings.objectLock = {}
  } else {
    const mode = childText(retention, 'Mode')
    const days = childText(retention, 'Days')
    const years = childText(retention, 'Years')
    if ((mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') || (days === undefined) === (years === undefined)) {
      throw malformedXml()
    }
    if (!(Number(days ?? years) > 0))
      throw invalidArgument('Default retention period must be a positive integer value.')
    settings.objectLock = { mode, ...(days === undefined ? { years: Number(years) } : { days: Number(days) }) }
  }
  call.bucket.save()
  return empty()
}

export const getEncryption: S3Handler = (call) => {
  const rule = call.bucket.settings.encryption ?? { algorithm: 'AES256', bucketKey: false }
  return xml('ServerSideEncryptionConfiguration', {
    Rule: {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: rule.algorithm, KMSMasterKeyID: rule.keyId },
      BucketKeyEnabled: rule.bucketKey,
    },
  })
}

export const putEncryption: S3Handler = async (call) => {
  const rule = child(await readRoot(call, 'ServerSideEncryptionConfiguration'), 'Rule')
  const wish = child(rule, 'ApplyServerSideEncryptionByDefault')
  const algorithm = childText(wish, 'SSEAlgorithm')
  const keyId = childText(wish, 'KMSMasterKeyID')
  if (algorithm !== 'AES256' && algorithm !== 'aws:kms' && algorithm !== 'aws:kms:dsse') throw malformedXml()
  if (algorithm === 'AES256' && keyId !== undefined) {
    throw invalidArgument(
      'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse',
    )
  }
  const bucketKey = childText(rule, 'BucketKeyEnabled') === 'true'
  call.bucket.settings.encryption = { algorithm, bucketKey, ...(keyId !== undefined && { keyId }) }
  call.bucket.save()
  return empty()
}

export const deleteEncryption: S3Handler = (call) => {
  delete call.bucket.settings.encryption
  call.bucket.save()
  return empty(204)
}

const blocks = ['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets']

export const getPublicAccessBlock: S3Handler = (call) => {
  const block = call.bucket.settings.publicAccessBlock
  if (!block) {
    throw missing('NoSuchPublicAccessBlockConfiguration', 'The public access block configuration was not found', call)
  }
  return xml('PublicAccessBlockConfiguration', Object.fromEntries(blocks.map((name) => [name, block[name] ?? false])))
}

export const putPublicAccessBlock: S3Handler = async (call) => {
  const root = await readRoot(call, 'PublicAccessBlockConfiguration')
  call.bucket.settings.publicAccessBlock = Object.fromEntries(
    blocks.map((name) => [name, childText(root, name)?.toLowerCase() === 'true']),
  )
  call.bucket.save()
  return empty()
}

export const deletePublicAccessBlock: S3Handler = (call) => {
  delete call.bucket.settings.publicAccessBlock
  call.bucket.save()
  return empty(204)
}

/** Open to everybody, with no condition that narrows it. */
function isPublic(policy: Policy): boolean {
  return policy.statements.some((statement) => {
    const everybody = Object.values(statement.principals ?? {}).some((names) => names.includes('*'))
    return statement.effect === 'Allow' && everybody && statement.conditions.length === 0
  })
}

export const getPolicy: S3Handler = (call): Answer => {
  const { policy } = call.bucket.settings
  if (policy === undefined) throw missing('NoSuchBucketPolicy', 'The bucket policy does not exist', call)
  return { status: 200, headers: { 'content-type': 'application/json' }, body: policy }
}

export const getPolicyStatus: S3Handler = (call) => {
  const { policy } = call.bucket.settings
  if (policy === undefined) throw missing('NoSuchBucketPolicy', 'The bucket policy does not exist', call)
  return xml('PolicyStatus', { IsPublic: isPublic(parsePolicy(policy, 'resource')) })
}

export const putPolicy: S3Handler = async (call) => {
  const text = await readSettingsBody(call)
  const malformed = (message: string) => new AwsError('MalformedPolicy', message)
  let policy: Policy
  try {
    policy = parsePolicy(text, 'resource')
  } catch (error) {
    throw malformed(error instanceof MalformedPolicy ? error.message : 'Policies must be valid JSON')
  }
  for (const statement of policy.statements) {
    const resources = statement.resources ?? statement.notResources ?? []
    const own = (arn: string) => arn === '*' || arn === call.bucket.arn || arn.startsWith(`${call.bucket.arn}/`)
    if (resources.length === 0) throw malformed('Missing required field Resource')
    if (!resources.every((arn) => own(arn) || /[*?]/.test(arn))) throw malformed('Policy has invalid resource')
    const named = statement.principals?.AWS ?? statement.notPrincipals?.AWS ?? []
    if (named.some((arn) => !call.world.iam.exists(arn))) throw malformed('Invalid principal in policy')
  }
  if (call.bucket.settings.publicAccessBlock?.BlockPublicPolicy && isPublic(policy)) {
    throw accessDenied(
      `User: ${call.caller.arn} is not authorized to perform: s3:PutBucketPolicy on resource: "${call.bucket.arn}" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.`,
    )
  }
  call.bucket.settings.policy = text
  call.bucket.save()
  return empty(204)
}

export const deletePolicy: S3Handler = (call) => {
  delete call.bucket.settings.policy
  call.bucket.save()
  return empty(204)
}

/** Kept and given back, not acted on. */
export const getLifecycle: S3Handler = (call): Answer => {
  const { lifecycle } = call.bucket.settings
  if (lifecycle === undefined) {
    throw missing('NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist', call)
  }
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: lifecycle }
}

export const putLifecycle: S3Handler = async (call) => {
  const text = await readSettingsBody(call)
  const root = readXml(text)
  if (root?.name !== 'LifecycleConfiguration' || !child(root, 'Rule')) throw malformedXml()
  call.bucket.settings.lifecycle = text
  call.bucket.save()
  return empty()
}

export const deleteLifecycle: S3Handler = (call) => {
  delete call.bucket.settings.lifecycle
  call.bucket.save()
  return empty(204)
}

export function readTagSet(root: XmlElement | undefined, limit: number): Record<string, string> {
  if (root?.name !== 'Tagging') throw malformedXml()
  const tags = child(root, 'TagSet')?.children ?? []
  const pairs = tags.map((tag): [string, string] => [child(tag, 'Key')?.text ?? '', child(tag, 'Value')?.text ?? ''])
  if (pairs.length > limit) throw new AwsError('BadRequest', `Object tags cannot be greater than ${limit}`)
  if (new Set(pairs.map(([name]) => name)).size < pairs.length) {
    throw new AwsError('InvalidTag', 'Cannot provide multiple Tags with the same key')
  }
  if (pairs.some(([name]) => name.startsWith('aws:')))
    throw invalidRequest('System tags cannot be added/updated by requester')
  return Object.fromEntries(pairs)
}

export function tagging(tags: Record<string, string>): Answer {
  return xml('Tagging', { TagSet: { Tag: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) } })
}

export const getBucketTags: S3Handler = (call) => {
  const { tags } = call.bucket.settings
  if (!tags) throw missing('NoSuchTagSet', 'The TagSet does not exist', call)
  return tagging(tags)
}

export const putBucketTags: S3Handler = async (call) => {
  call.bucket.settings.tags = readTagSet(readXml(await readSettingsBody(call)), 50)
  call.bucket.save()
  return empty(204)
}

export const deleteBucketTags: S3Handler = (call) => {
  delete call.bucket.settings.tags
  call.bucket.save()
  return empty(204)
}

const ownerGrant = (account: string) => ({
  Owner: { ID: account.padEnd(64, '0') },
  AccessControlList: {
    Grant: { Grantee: { ID: account.padEnd(64, '0') }, Permission: 'FULL_CONTROL' },
  },
})

/** ACLs are off, as in every bucket made since April 2023: the owner has everything. */
export const getAcl: S3Handler = (call): Answer => {
  const body = xmlDocument(
    'AccessControlPolicy',
    'http://s3.amazonaws.com/doc/2006-03-01/',
    ownerGrant(call.bucket.settings.owner),
  )
  const typed = body.replace(
    '<Grantee>',
    '<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">',
  )
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: typed }
}

export const getOwnership: S3Handler = () => {
  return xml('OwnershipControls', { Rule: { ObjectOwnership: 'BucketOwnerEnforced' } })
}
