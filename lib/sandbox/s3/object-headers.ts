import { AwsError } from '../aws-error.ts'
import { checksumHeader } from './checksum.ts'
import { encryptionHeaders } from './encryption.ts'
import { invalidArgument } from './errors.ts'
import type { ObjectVersion } from './object-version.ts'
import { type BucketCall, headerOf } from './s3-call.ts'

const kept = ['cache-control', 'content-disposition', 'content-language', 'expires', 'x-amz-website-redirect-location']
const storageClasses = [
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'DEEP_ARCHIVE',
  'GLACIER_IR',
]

/** What a writer says about its object, to be said again to every reader. */
export function readObjectHeaders(call: BucketCall): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': headerOf(call, 'content-type') ?? 'binary/octet-stream' }
  for (const name of kept) {
    const value = headerOf(call, name)
    if (value !== undefined) headers[name] = value
  }
  // `aws-chunked` is how the body travelled, not what it is.
  const encoding = (headerOf(call, 'content-encoding') ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '' && part !== 'aws-chunked')
    .join(',')
  if (encoding) headers['content-encoding'] = encoding
  let size = 0
  for (const [name, value] of Object.entries(call.request.headers)) {
    if (!name.startsWith('x-amz-meta-')) continue
    const text = Array.isArray(value) ? value.join(',') : (value ?? '')
    size += name.length - 'x-amz-meta-'.length + text.length
    headers[name] = text
  }
  if (size > 2048) {
    throw new AwsError('MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size', 400, {
      details: { Size: String(size), MaxSizeAllowed: '2048' },
    })
  }
  return headers
}

export function readStorageClass(call: BucketCall): string {
  const name = headerOf(call, 'x-amz-storage-class') ?? 'STANDARD'
  if (storageClasses.includes(name)) return name
  throw new AwsError('InvalidStorageClass', 'The storage class you specified is not valid')
}

/** `x-amz-tagging: a=1&b=2` */
export function readTagging(call: BucketCall): Record<string, string> | undefined {
  const text = headerOf(call, 'x-amz-tagging')
  if (text === undefined) return undefined
  const pairs = [...new URLSearchParams(text)]
  const tags = Object.fromEntries(pairs)
  if (pairs.length > 10) throw new AwsError('BadRequest', 'Object tags cannot be greater than 10')
  if (Object.keys(tags).length < pairs.length) {
    throw invalidArgument(
      'The header x-amz-tagging shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.',
      'x-amz-tagging',
      text,
    )
  }
  return tags
}

export function versionHeader(call: BucketCall, version: Pick<ObjectVersion, 'versionId'>): Record<string, string> {
  return call.bucket.settings.versioning === undefined ? {} : { 'x-amz-version-id': version.versionId }
}

/** Headers of an answer to GET and HEAD, but for those that depend on the range. */
export function objectHeaders(call: BucketCall, version: ObjectVersion, whole: boolean): Record<string, string> {
  const headers: Record<string, string> = {
    ...version.headers,
    ...encryptionHeaders(version.encryption),
    ...versionHeader(call, version),
    'accept-ranges': 'bytes',
    etag: `"${version.etag}"`,
    'last-modified': new Date(version.modified).toUTCString(),
  }
  if (version.storageClass !== 'STANDARD') headers['x-amz-storage-class'] = version.storageClass
  if (version.checksum && whole && headerOf(call, 'x-amz-checksum-mode')?.toUpperCase() === 'ENABLED') {
    headers[checksumHeader(version.checksum.algorithm)] = version.checksum.value
    headers['x-amz-checksum-type'] = version.checksum.type
  }
  if (version.retention) {
    headers['x-amz-object-lock-mode'] = version.retention.mode
    headers['x-amz-object-lock-retain-until-date'] = new Date(version.retention.until).toISOString()
  }
  if (version.legalHold !== undefined) headers['x-amz-object-lock-legal-hold'] = version.legalHold ? 'ON' : 'OFF'
  const tagCount = Object.keys(version.tags ?? {}).length
  if (tagCount > 0) headers['x-amz-tagging-count'] = String(tagCount)
  return headers
}
