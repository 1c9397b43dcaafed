import { randomBytes } from 'node:crypto'
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { objectFileName } from './object-file-name.ts'
import type { ObjectVersion } from './object-version.ts'
import { checkWriteConditions } from './preconditions.ts'
import type { BucketCall } from './s3-call.ts'

export function newVersionId(call: BucketCall): string {
  return call.bucket.settings.versioning === 'Enabled' ? randomBytes(24).toString('base64url') : 'null'
}

/**
 * Lets an object appear: conditions are checked against what is there at this moment, its files move to `objects/`, and
 * the index takes it up, with nothing in between. Throws AwsError; durable when the promise settles.
 * @param paths of the data, in order, already flushed to disk
 * @param move `linkSync` leaves them where they were as well, so that a crash in between loses nothing
 */
export async function commitVersion(
  call: BucketCall,
  version: Omit<ObjectVersion, 'files' | 'versionId' | 'key' | 'modified'>,
  paths: { path: string; size: number }[],
  move: (from: string, to: string) => void = renameSync,
): Promise<ObjectVersion> {
  const { bucket, key } = call
  checkWriteConditions(call, bucket.index.versions(key)[0])
  const files = paths.map(({ path, size }) => {
    const name = objectFileName(key)
    move(path, join(bucket.objectsFolder, name))
    return { name, size }
  })
  const complete: ObjectVersion = {
    key,
    versionId: newVersionId(call),
    modified: call.world.clock.now(),
    files,
    ...version,
  }
  const replaced = bucket.index.versions(key).find((other) => other.versionId === complete.versionId)
  await bucket.index.put(complete)
  await bucket.retire(replaced)
  return complete
}
