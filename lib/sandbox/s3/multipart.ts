import { createHash } from 'node:crypto'
import { linkSync } from 'node:fs'
import { AwsError } from '../aws-error.ts'
import { child, childText, readXml, type XmlElement } from '../http/xml-read.ts'
import type { Xml } from '../http/xml-write.ts'
import { checksumAlgorithm, checksumHeader, makeHasher, wrongChecksum } from './checksum.ts'
import { commitVersion } from './commit-version.ts'
import { combineCrcs } from './crc-combine.ts'
import { encryptionHeaders } from './encryption.ts'
import { invalidArgument, invalidRequest, malformedXml } from './errors.ts'
import { compareKeys } from './key-order.ts'
import { keyEncoder, maxKeys, owner } from './list-objects.ts'
import { versionHeader } from './object-headers.ts'
import type { Checksum, ChecksumAlgorithm, ObjectVersion } from './object-version.ts'
import { checkWriteConditions } from './preconditions.ts'
import { readDescription } from './put-object.ts'
import { receiveBody } from './receive-body.ts'
import { type BucketCall, empty, headerOf, isoTime, queryOf, type S3Handler, xml } from './s3-call.ts'
import { readSettingsBody } from './settings-body.ts'
import {
  findUpload,
  keepPart,
  listParts,
  listUploads,
  partPath,
  removeUpload,
  startUpload,
  type Upload,
  type UploadedPart,
} from './uploads.ts'

const smallestPart = 5 * 2 ** 20

function wantedChecksum(call: BucketCall): Upload['checksum'] {
  const algorithm = checksumAlgorithm(headerOf(call, 'x-amz-checksum-algorithm'))
  const type = headerOf(call, 'x-amz-checksum-type')
  if (!algorithm) {
    if (type !== undefined)
      throw invalidRequest('The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.')
    return undefined
  }
  const full = algorithm === 'CRC64NVME' || type === 'FULL_OBJECT'
  const sha = algorithm.startsWith('SHA') || algorithm === 'MD5'
  if ((full && sha) || (algorithm === 'CRC64NVME' && type === 'COMPOSITE')) {
    throw invalidRequest(
      `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    )
  }
  return { algorithm, type: full ? 'FULL_OBJECT' : 'COMPOSITE' }
}

export const createMultipartUpload: S3Handler = async (call) => {
  const checksum = wantedChecksum(call)
  const description = await readDescription(call)
  const upload = startUpload(call.bucket, { key: call.key, started: call.world.clock.now(), description, checksum })
  return xml(
    'InitiateMultipartUploadResult',
    { Bucket: call.bucketName, Key: call.key, UploadId: upload.id },
    {
      ...encryptionHeaders(description.encryption),
      ...(checksum && { 'x-amz-checksum-algorithm': checksum.algorithm, 'x-amz-checksum-type': checksum.type }),
    },
  )
}

export function partNumber(call: BucketCall): number {
  const text = queryOf(call, 'partNumber') ?? ''
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1 && number <= 10_000) return number
  throw invalidArgument('Part number must be an integer between 1 and 10000, inclusive', 'partNumber', text)
}

export const uploadPart: S3Handler = async (call) => {
  const number = partNumber(call)
  const upload = findUpload(call)
  const body = await receiveBody(call, upload.checksum?.algorithm)
  const part = keepPart(call, upload, number, body)
  return empty(200, {
    etag: `"${part.etag}"`,
    ...encryptionHeaders(upload.description.encryption),
    [checksumHeader(part.checksum.algorithm)]: part.checksum.value,
  })
}

const invalidPart = (number: number, id: string) =>
  new AwsError(
    'InvalidPart',
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    400,
    { details: { UploadId: id, PartNumber: String(number) } },
  )

/** The parts that the request lists, as they were uploaded. */
function chooseParts(call: BucketCall, upload: Upload, root: XmlElement | undefined): UploadedPart[] {
  const wishes = root?.children.filter((element) => element.name === 'Part') ?? []
  if (root?.name !== 'CompleteMultipartUpload' || wishes.length === 0) throw malformedXml()
  const known = new Map(listParts(call.bucket, upload.id).map((part) => [part.number, part]))
  let last = 0
  const chosen = wishes.map((wish) => {
    const number = Number(childText(wish, 'PartNumber'))
    const etag = (child(wish, 'ETag')?.text ?? '').trim().replaceAll('"', '')
    if (!(number > last)) {
      throw new AwsError(
        'InvalidPartOrder',
        'The list of parts was not in ascending order. Parts must be ordered by part number.',
        400,
        { details: { UploadId: upload.id } },
      )
    }
    last = number
    const part = known.get(number)
    if (!part || part.etag !== etag) throw invalidPart(number, upload.id)
    const claimed = childText(wish, `Checksum${part.checksum.algorithm}`)
    if (claimed !== undefined && claimed !== part.checksum.value) throw invalidPart(number, upload.id)
    return part
  })
  const small = chosen.slice(0, -1).find((part) => part.size < smallestPart)
  if (small) {
    throw new AwsError('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', 400, {
      details: {
        ProposedSize: String(small.size),
        MinSizeAllowed: String(smallestPart),
        PartNumber: String(small.number),
        ETag: small.etag,
      },
    })
  }
  return chosen
}

/** Of the whole object: by arithmetic from the parts' CRCs, or the hash of the parts' hashes. */
function wholeChecksum(upload: Upload, parts: UploadedPart[]): Checksum | undefined {
  const algorithm: ChecksumAlgorithm = upload.checksum?.algorithm ?? 'CRC64NVME'
  if (parts.some((part) => part.checksum.algorithm !== algorithm)) return undefined
  const type = upload.checksum?.type ?? 'FULL_OBJECT'
  if (type === 'FULL_OBJECT' && (algorithm === 'CRC32' || algorithm === 'CRC32C' || algorithm === 'CRC64NVME')) {
    const pieces = parts.map(({ checksum, size }) => ({ value: checksum.value, size }))
    return { algorithm, type, value: combineCrcs(algorithm, pieces) }
  }
  const digests = parts.map((part) => Buffer.from(part.checksum.value, 'base64'))
  return { algorithm, type: 'COMPOSITE', value: `${compositeDigest(algorithm, digests)}-${parts.length}` }
}

function compositeDigest(algorithm: ChecksumAlgorithm, digests: Buffer[]): string {
  const hasher = makeHasher(algorithm)
  hasher.update(Buffer.concat(digests))
  return hasher.digest().toString('base64')
}

function checkWhole(call: BucketCall, checksum: Checksum | undefined): void {
  if (!checksum) return
  const claimed = headerOf(call, checksumHeader(checksum.algorithm))
  if (claimed === undefined) return
  const same = claimed === checksum.value || claimed === checksum.value.replace(/-\d+$/, '')
  if (!same) throw wrongChecksum(checksum.algorithm)
}

export const completeMultipartUpload: S3Handler = async (call) => {
  const upload = findUpload(call)
  const parts = chooseParts(call, upload, readXml(await readSettingsBody(call, { coversBody: false })))
  checkWriteConditions(call, call.bucket.index.versions(call.key)[0])
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  const declared = headerOf(call, 'x-amz-mp-object-size')
  if (declared !== undefined && Number(declared) !== size) {
    throw invalidRequest(
      `The provided 'x-amz-mp-object-size' header value ${declared} does not match what was computed: ${size}`,
    )
  }
  const checksum = wholeChecksum(upload, parts)
  checkWhole(call, checksum)
  const etags = Buffer.concat(parts.map((part) => Buffer.from(part.etag, 'hex')))
  const etag = createHash('md5').update(etags).digest('hex')
  const version = await commitVersion(
    call,
    {
      ...upload.description,
      etag: `${etag}-${parts.length}`,
      size,
      ...(checksum && { checksum }),
      parts: parts.map((part) => ({ number: part.number, size: part.size, checksum: part.checksum.value })),
    },
    parts.map((part) => ({ path: partPath(call.bucket, upload.id, part), size: part.size })),
    linkSync,
  )
  removeUpload(call.bucket, upload.id)
  return xml(
    'CompleteMultipartUploadResult',
    {
      Location: `http://${headerOf(call, 'host')}/${call.bucketName}/${call.key}`,
      Bucket: call.bucketName,
      Key: call.key,
      ETag: `"${version.etag}"`,
      ...checksumElements(version),
    },
    { ...encryptionHeaders(version.encryption), ...versionHeader(call, version) },
  )
}

export function checksumElements(version: Pick<ObjectVersion, 'checksum'>): { [name: string]: Xml } {
  const { checksum } = version
  return checksum ? { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type } : {}
}

export const abortMultipartUpload: S3Handler = (call) => {
  removeUpload(call.bucket, findUpload(call).id)
  return empty(204)
}

export const listPartsOfUpload: S3Handler = (call) => {
  const upload = findUpload(call)
  const limit = maxKeys(call, 'max-parts')
  const marker = Number(queryOf(call, 'part-number-marker') ?? 0)
  const parts = listParts(call.bucket, upload.id).filter((part) => part.number > marker)
  const page = parts.slice(0, limit)
  return xml('ListPartsResult', {
    Bucket: call.bucketName,
    Key: call.key,
    UploadId: upload.id,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: limit,
    IsTruncated: parts.length > page.length,
    ChecksumAlgorithm: upload.checksum?.algorithm,
    ChecksumType: upload.checksum?.type,
    Owner: owner(call.bucket.settings.owner),
    StorageClass: upload.description.storageClass,
    Part: page.map((part) => ({
      PartNumber: part.number,
      LastModified: isoTime(part.modified),
      ETag: `"${part.etag}"`,
      Size: part.size,
      [`Checksum${part.checksum.algorithm}`]: part.checksum.value,
    })),
  })
}

export const listMultipartUploads: S3Handler = (call) => {
  const limit = maxKeys(call, 'max-uploads')
  const encode = keyEncoder(call)
  const prefix = queryOf(call, 'prefix') ?? ''
  const keyMarker = queryOf(call, 'key-marker') ?? ''
  const idMarker = queryOf(call, 'upload-id-marker') ?? ''
  const uploads = listUploads(call.bucket)
    .filter((upload) => upload.key.startsWith(prefix))
    .sort((a, b) => compareKeys(a.key, b.key) || a.started - b.started || (a.id < b.id ? -1 : 1))
  const marked = uploads.findIndex((upload) => upload.key === keyMarker && upload.id === idMarker)
  const rest =
    marked >= 0 ? uploads.slice(marked + 1) : uploads.filter((upload) => compareKeys(upload.key, keyMarker) > 0)
  const page = rest.slice(0, limit)
  const more = rest.length > page.length
  return xml('ListMultipartUploadsResult', {
    Bucket: call.bucketName,
    KeyMarker: encode(keyMarker),
    UploadIdMarker: idMarker,
    NextKeyMarker: more ? encode(page.at(-1)?.key ?? '') : undefined,
    NextUploadIdMarker: more ? page.at(-1)?.id : undefined,
    Prefix: encode(prefix),
    MaxUploads: limit,
    EncodingType: queryOf(call, 'encoding-type') || undefined,
    IsTruncated: more,
    Upload: page.map((upload) => ({
      Key: encode(upload.key),
      UploadId: upload.id,
      Owner: owner(call.bucket.settings.owner),
      StorageClass: upload.description.storageClass,
      Initiated: isoTime(upload.started),
      ChecksumAlgorithm: upload.checksum?.algorithm,
      ChecksumType: upload.checksum?.type,
    })),
  })
}
