import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { AwsError } from '../aws-error.ts'
import { syncFolder, writeDurably } from '../durable-file.ts'
import type { Bucket } from './bucket-store.ts'
import type { ChecksumAlgorithm, Encryption, ObjectVersion } from './object-version.ts'
import type { Received } from './receive-body.ts'
import { type BucketCall, queryOf } from './s3-call.ts'

/** A multipart upload under way: the folder `uploads/<id>`, with `upload.json` and one file and one note for each part. */
export interface Upload {
  id: string
  key: string
  /** Milliseconds. */
  started: number
  description: Pick<ObjectVersion, 'headers' | 'storageClass' | 'retention' | 'legalHold' | 'tags'> & {
    encryption: Encryption
  }
  checksum: { algorithm: ChecksumAlgorithm; type: 'FULL_OBJECT' | 'COMPOSITE' } | undefined
}

export interface UploadedPart {
  number: number
  size: number
  /** Hex, 16 bytes. */
  etag: string
  checksum: { algorithm: ChecksumAlgorithm; value: string }
  /** Milliseconds. */
  modified: number
  file: string
}

const folderOf = (bucket: Bucket, id: string) => join(bucket.uploadsFolder, id)

export const partPath = (bucket: Bucket, id: string, part: UploadedPart) => join(folderOf(bucket, id), part.file)

export function startUpload(bucket: Bucket, upload: Omit<Upload, 'id'>): Upload {
  const id = randomBytes(32).toString('base64url')
  void bucket.index // makes the folders
  mkdirSync(folderOf(bucket, id), { recursive: true, mode: 0o700 })
  const complete = { id, ...upload }
  writeDurably(join(folderOf(bucket, id), 'upload.json'), JSON.stringify(complete))
  syncFolder(bucket.uploadsFolder)
  return complete
}

export function listUploads(bucket: Bucket): Upload[] {
  if (!existsSync(bucket.uploadsFolder)) return []
  return readdirSync(bucket.uploadsFolder).flatMap((id) => {
    const path = join(folderOf(bucket, id), 'upload.json')
    if (!existsSync(path)) return []
    const upload: Upload = JSON.parse(readFileSync(path, 'utf8'))
    return upload
  })
}

/** The upload that the request names. Throws NoSuchUpload. */
export function findUpload(call: BucketCall): Upload {
  const id = queryOf(call, 'uploadId') ?? ''
  const path = join(folderOf(call.bucket, id), 'upload.json')
  const upload: Upload | undefined =
    /^[\w-]{43}$/.test(id) && existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
  if (upload?.key === call.key) return upload
  throw new AwsError(
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    404,
    { details: { UploadId: id } },
  )
}

/** Takes the place of an earlier part of the same number. */
export function keepPart(call: BucketCall, upload: Upload, number: number, body: Received): UploadedPart {
  const folder = folderOf(call.bucket, upload.id)
  const file = `${number}.${randomBytes(8).toString('hex')}`
  const earlier = listParts(call.bucket, upload.id).find((part) => part.number === number)
  call.bucket.partBytes += body.size - (earlier?.size ?? 0)
  renameSync(body.path, join(folder, file))
  const part: UploadedPart = {
    number,
    size: body.size,
    etag: body.etag.toString('hex'),
    checksum: body.checksum,
    modified: call.world.clock.now(),
    file,
  }
  writeDurably(join(folder, `${number}.json`), JSON.stringify(part))
  if (earlier) rmSync(join(folder, earlier.file), { force: true })
  return part
}

/** By number. */
export function listParts(bucket: Bucket, id: string): UploadedPart[] {
  const folder = folderOf(bucket, id)
  const notes = readdirSync(folder).filter((name) => /^\d+\.json$/.test(name))
  const parts = notes.map((name): UploadedPart => JSON.parse(readFileSync(join(folder, name), 'utf8')))
  return parts.sort((a, b) => a.number - b.number)
}

export function removeUpload(bucket: Bucket, id: string): void {
  for (const part of listParts(bucket, id)) bucket.partBytes -= part.size
  rmSync(folderOf(bucket, id), { recursive: true, force: true })
}
