import { AwsError } from '../aws-error.ts'
import { childText, readXml } from '../http/xml-read.ts'
import { mayDo } from './authorize.ts'
import { readTagSet, tagging } from './bucket-settings.ts'
import { accessDenied, invalidArgument, invalidRequest, malformedXml } from './errors.ts'
import { findVersion } from './find-version.ts'
import { versionHeader } from './object-headers.ts'
import type { Retention } from './object-version.ts'
import { type BucketCall, empty, headerOf, isoTime, type S3Handler, xml } from './s3-call.ts'
import { readSettingsBody } from './settings-body.ts'

function requireLockedBucket(call: BucketCall): void {
  if (!call.bucket.settings.objectLock) throw invalidRequest('Bucket is missing Object Lock Configuration')
}

const noLock = (key: string) =>
  new AwsError('NoSuchObjectLockConfiguration', 'The specified object does not have a ObjectLock configuration', 404, {
    details: { Key: key },
  })

export const getRetention: S3Handler = (call) => {
  requireLockedBucket(call)
  const { retention } = findVersion(call)
  if (!retention) throw noLock(call.key)
  return xml('Retention', { Mode: retention.mode, RetainUntilDate: isoTime(retention.until) })
}

/** Compliance: nobody may shorten it. Governance: whoever may bypass it and says so. */
function mayReplace(call: BucketCall, old: Retention | undefined, next: Retention | undefined): boolean {
  if (!old || old.until <= call.world.clock.now()) return true
  const longer = next !== undefined && next.until >= old.until
  if (longer && (next.mode === old.mode || next.mode === 'COMPLIANCE')) return true
  if (old.mode === 'COMPLIANCE') return false
  const asked = headerOf(call, 'x-amz-bypass-governance-retention')?.toLowerCase() === 'true'
  return asked && mayDo(call, 's3:BypassGovernanceRetention', call.bucket, call.key)
}

export const putRetention: S3Handler = async (call) => {
  const root = readXml(await readSettingsBody(call))
  if (root?.name !== 'Retention') throw malformedXml()
  requireLockedBucket(call)
  const version = findVersion(call)
  const mode = childText(root, 'Mode')
  const until = Date.parse(childText(root, 'RetainUntilDate') ?? '')
  let next: Retention | undefined
  if (mode !== undefined) {
    if ((mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') || Number.isNaN(until)) throw malformedXml()
    if (until <= call.world.clock.now()) throw invalidArgument('The retain until date must be in the future!')
    next = { mode, until }
  }
  if (!mayReplace(call, version.retention, next)) {
    throw accessDenied('Access Denied because object protected by object lock.')
  }
  const { retention, ...rest } = version
  await call.bucket.index.change(next ? { ...rest, retention: next } : rest)
  return empty()
}

export const getLegalHold: S3Handler = (call) => {
  requireLockedBucket(call)
  const { legalHold } = findVersion(call)
  if (legalHold === undefined) throw noLock(call.key)
  return xml('LegalHold', { Status: legalHold ? 'ON' : 'OFF' })
}

export const putLegalHold: S3Handler = async (call) => {
  const root = readXml(await readSettingsBody(call))
  const status = childText(root, 'Status')
  if (root?.name !== 'LegalHold' || (status !== 'ON' && status !== 'OFF')) throw malformedXml()
  requireLockedBucket(call)
  await call.bucket.index.change({ ...findVersion(call), legalHold: status === 'ON' })
  return empty()
}

export const getObjectTags: S3Handler = (call) => {
  const version = findVersion(call)
  const answer = tagging(version.tags ?? {})
  return { ...answer, headers: { ...answer.headers, ...versionHeader(call, version) } }
}

export const putObjectTags: S3Handler = async (call) => {
  const tags = readTagSet(readXml(await readSettingsBody(call)), 10)
  const version = findVersion(call)
  await call.bucket.index.change({ ...version, tags })
  return empty(200, versionHeader(call, version))
}

export const deleteObjectTags: S3Handler = async (call) => {
  const version = findVersion(call)
  await call.bucket.index.change({ ...version, tags: {} })
  return empty(204, versionHeader(call, version))
}

/** The parts of `x-amz-object-attributes` that were asked for. */
export const getAttributes: S3Handler = (call) => {
  const version = findVersion(call)
  const wanted = (headerOf(call, 'x-amz-object-attributes') ?? '').split(',').map((name) => name.trim())
  const asked = <Value>(name: string, value: Value) => (wanted.includes(name) ? value : undefined)
  const { checksum, parts } = version
  const sum = checksum && { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type }
  return xml(
    'GetObjectAttributesResponse',
    {
      ETag: asked('ETag', version.etag),
      Checksum: asked('Checksum', sum),
      ObjectParts: asked('ObjectParts', parts && { PartsCount: parts.length }),
      StorageClass: asked('StorageClass', version.storageClass),
      ObjectSize: asked('ObjectSize', version.size),
    },
    { 'last-modified': new Date(version.modified).toUTCString(), ...versionHeader(call, version) },
  )
}
