import { AwsError } from '../aws-error.ts'
import { mayDo } from './authorize.ts'
import { accessDenied, invalidArgument, noSuchKey } from './errors.ts'
import type { ObjectVersion } from './object-version.ts'
import { type BucketCall, queryOf } from './s3-call.ts'

/** The version asked for, or the newest. Throws NoSuchKey, or AccessDenied to whoever may not list the bucket. */
export function findVersion(call: BucketCall, versionId = queryOf(call, 'versionId')): ObjectVersion {
  const { bucket, key } = call
  const versions = bucket.index.versions(key)
  const missing = () => (mayDo(call, 's3:ListBucket', bucket) ? noSuchKey(key) : accessDenied())
  if (versionId === undefined) {
    const [newest] = versions
    if (!newest) throw missing()
    if (!newest.deleteMarker) return newest
    const error = missing()
    throw new AwsError(error.code, error.message, error.status, {
      details: { ...error.details },
      headers: { 'x-amz-delete-marker': 'true', 'x-amz-version-id': newest.versionId },
    })
  }
  if (versionId !== 'null' && !/^[\w-]{32}$/.test(versionId)) {
    throw invalidArgument('Invalid version id specified', 'versionId', versionId)
  }
  const version = versions.find((candidate) => candidate.versionId === versionId)
  if (!version) {
    throw new AwsError('NoSuchVersion', 'The specified version does not exist.', 404, {
      details: { Key: key, VersionId: versionId },
    })
  }
  if (version.deleteMarker) {
    throw new AwsError('MethodNotAllowed', 'The specified method is not allowed against this resource.', 405, {
      headers: { 'x-amz-delete-marker': 'true', 'x-amz-version-id': version.versionId, allow: 'DELETE' },
    })
  }
  return version
}
