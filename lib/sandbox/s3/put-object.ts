import { unlink } from 'node:fs/promises'
import { AwsError } from '../aws-error.ts'
import { checksumHeader } from './checksum.ts'
import { commitVersion } from './commit-version.ts'
import { chooseEncryption, encryptionHeaders } from './encryption.ts'
import { readObjectHeaders, readStorageClass, readTagging, versionHeader } from './object-headers.ts'
import { readLock } from './object-lock.ts'
import { checkWriteConditions } from './preconditions.ts'
import { receiveBody } from './receive-body.ts'
import { type BucketCall, empty, type S3Handler } from './s3-call.ts'

export function checkKey(key: string): void {
  const bytes = Buffer.byteLength(key)
  if (bytes <= 1024) return
  throw new AwsError('KeyTooLongError', 'Your key is too long', 400, {
    details: { Size: String(bytes), MaxSizeAllowed: '1024' },
  })
}

/** Everything about an object but its bytes, refused before any of them is read. */
export async function readDescription(call: BucketCall) {
  checkKey(call.key)
  const tags = readTagging(call)
  return {
    headers: readObjectHeaders(call),
    storageClass: readStorageClass(call),
    ...readLock(call),
    ...(tags && { tags }),
    encryption: await chooseEncryption(call),
  }
}

export const putObject: S3Handler = async (call) => {
  const description = await readDescription(call)
  checkWriteConditions(call, call.bucket.index.versions(call.key)[0])
  const body = await receiveBody(call)
  try {
    const version = await commitVersion(
      call,
      {
        ...description,
        etag: body.etag.toString('hex'),
        size: body.size,
        checksum: { ...body.checksum, type: 'FULL_OBJECT' },
      },
      [body],
    )
    return empty(200, {
      etag: `"${version.etag}"`,
      ...encryptionHeaders(version.encryption),
      ...versionHeader(call, version),
      [checksumHeader(body.checksum.algorithm)]: body.checksum.value,
      'x-amz-checksum-type': 'FULL_OBJECT',
    })
  } catch (error) {
    await unlink(body.path).catch(() => {}) // gone already when it was renamed
    throw error
  }
}
