import { createHash, randomBytes } from 'node:crypto'
import { open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { decodePart } from '../http/request.ts'
import { authorize } from './authorize.ts'
import { checksumAlgorithm, makeHasher } from './checksum.ts'
import { commitVersion } from './commit-version.ts'
import { chooseEncryption, encryptionHeaders, openEncryption } from './encryption.ts'
import { accessDenied, invalidArgument, invalidRequest, noSuchBucket } from './errors.ts'
import { findVersion } from './find-version.ts'
import { checksumElements, partNumber } from './multipart.ts'
import { readObjectHeaders, readStorageClass, readTagging, versionHeader } from './object-headers.ts'
import { readLock } from './object-lock.ts'
import type { ChecksumAlgorithm, ObjectVersion } from './object-version.ts'
import { checkReadConditions } from './preconditions.ts'
import { checkKey } from './put-object.ts'
import { streamData } from './read-data.ts'
import type { Received } from './receive-body.ts'
import { type BucketCall, headerOf, isoTime, type S3Handler, xml } from './s3-call.ts'
import { findUpload, keepPart } from './uploads.ts'

interface Source {
  call: BucketCall
  version: ObjectVersion
}

/** What `x-amz-copy-source` names, which the caller may read and whose conditions hold. */
async function openSource(call: BucketCall): Promise<Source> {
  const [path = '', query = ''] = (headerOf(call, 'x-amz-copy-source') ?? '').split('?')
  const [, name = '', key = ''] = /^\/?([^/]+)\/([\s\S]+)$/.exec(decodePart(path) ?? '') ?? []
  if (!key) throw invalidArgument('Invalid copy source object key', 'x-amz-copy-source', path)
  const bucket = call.world.buckets.get(name)
  if (!bucket) throw noSuchBucket(name)
  const owner = headerOf(call, 'x-amz-source-expected-bucket-owner')
  if (owner !== undefined && owner !== bucket.settings.owner) throw accessDenied()
  const versionId = new URLSearchParams(query).get('versionId') ?? undefined
  const source: BucketCall = { ...call, bucket, bucketName: name, key }
  authorize(source, versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion', bucket, key)
  const version = findVersion(source, versionId)
  checkReadConditions(call, version, 'x-amz-copy-source-')
  await openEncryption(source, version.encryption)
  return { call: source, version }
}

/** Bytes of the source, written and hashed anew, on disk. */
async function copyData(
  call: BucketCall,
  source: Source,
  algorithm: ChecksumAlgorithm,
  range?: { start: number; end: number },
): Promise<Received> {
  const { buckets } = call.world
  const { start, end } = range ?? { start: 0, end: source.version.size }
  buckets.mustHaveRoom(end - start)
  const path = join(call.bucket.incomingFolder, randomBytes(12).toString('hex'))
  const md5 = createHash('md5')
  const sum = makeHasher(algorithm)
  const file = await open(path, 'wx', 0o600)
  try {
    for await (const bytes of streamData(source.call.bucket, source.version, start, end)) {
      md5.update(bytes)
      sum.update(bytes)
      await file.writeFile(bytes)
    }
    await file.datasync()
  } catch (error) {
    await unlink(path)
    throw error
  } finally {
    await file.close()
  }
  const checksum = { algorithm, value: sum.digest().toString('base64') }
  return { path, size: end - start, etag: md5.digest(), checksum }
}

function checkSelfCopy(call: BucketCall, source: Source, replaces: boolean): void {
  const { call: from, version } = source
  const same = from.bucket === call.bucket && from.key === call.key
  const newest = from.bucket.index.versions(from.key)[0] === version
  const changes = [
    'x-amz-storage-class',
    'x-amz-server-side-encryption',
    'x-amz-website-redirect-location',
    'x-amz-checksum-algorithm',
  ]
  if (!same || !newest || replaces || changes.some((name) => headerOf(call, name) !== undefined)) return
  throw invalidRequest(
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
  )
}

function directive(call: BucketCall, name: string): boolean {
  const value = headerOf(call, name) ?? 'COPY'
  if (value !== 'COPY' && value !== 'REPLACE')
    throw invalidArgument(`Unknown ${name.includes('tag') ? 'tagging' : 'metadata'} directive.`, name, value)
  return value === 'REPLACE'
}

export const copyObject: S3Handler = async (call) => {
  checkKey(call.key)
  const source = await openSource(call)
  const replaces = directive(call, 'x-amz-metadata-directive')
  checkSelfCopy(call, source, replaces)
  if (source.version.size > 5 * 2 ** 30) {
    throw invalidRequest(
      'The specified copy source is larger than the maximum allowable size for a copy source: 5368709120',
    )
  }
  const tags = directive(call, 'x-amz-tagging-directive') ? readTagging(call) : source.version.tags
  const encryption = await chooseEncryption(call)
  const algorithm = checksumAlgorithm(headerOf(call, 'x-amz-checksum-algorithm')) ?? source.version.checksum?.algorithm
  const body = await copyData(call, source, algorithm ?? 'CRC64NVME')
  const version = await commitVersion(
    call,
    {
      headers: replaces ? readObjectHeaders(call) : source.version.headers,
      storageClass: readStorageClass(call),
      ...readLock(call),
      ...(tags && { tags }),
      encryption,
      etag: body.etag.toString('hex'),
      size: body.size,
      checksum: { ...body.checksum, type: 'FULL_OBJECT' },
    },
    [body],
  ).catch(async (error: unknown) => {
    await unlink(body.path).catch(() => {})
    throw error
  })
  return xml(
    'CopyObjectResult',
    { LastModified: isoTime(version.modified), ETag: `"${version.etag}"`, ...checksumElements(version) },
    {
      ...encryptionHeaders(version.encryption),
      ...versionHeader(call, version),
      ...(source.call.bucket.settings.versioning && { 'x-amz-copy-source-version-id': source.version.versionId }),
    },
  )
}

function copyRange(call: BucketCall, size: number): { start: number; end: number } | undefined {
  const text = headerOf(call, 'x-amz-copy-source-range')
  if (text === undefined) return undefined
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(text) ?? []
  const start = Number(first)
  const end = Number(last) + 1
  if (start < end && end <= size) return { start, end }
  throw invalidArgument(
    first === undefined
      ? 'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy'
      : `Range specified is not valid for source object of size: ${size}`,
    'x-amz-copy-source-range',
    text,
  )
}

export const uploadPartCopy: S3Handler = async (call) => {
  const number = partNumber(call)
  const upload = findUpload(call)
  const source = await openSource(call)
  const range = copyRange(call, source.version.size)
  const body = await copyData(call, source, upload.checksum?.algorithm ?? 'CRC64NVME', range)
  const part = keepPart(call, upload, number, body)
  return xml('CopyPartResult', {
    LastModified: isoTime(part.modified),
    ETag: `"${part.etag}"`,
    [`Checksum${part.checksum.algorithm}`]: part.checksum.value,
  })
}
