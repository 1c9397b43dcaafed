import { AwsError } from '../aws-error.ts'
import { child, childText, readXml } from '../http/xml-read.ts'
import type { Xml } from '../http/xml-write.ts'
import { authorize, mayDo } from './authorize.ts'
import { newVersionId } from './commit-version.ts'
import { accessDenied, malformedXml, preconditionFailed } from './errors.ts'
import { type BucketCall, empty, headerOf, queryOf, type S3Handler, xml } from './s3-call.ts'
import { readSettingsBody } from './settings-body.ts'

interface Deleted {
  /** Of the version removed, or of the delete marker made. */
  versionId: string | undefined
  marker: boolean
}

function checkLock(call: BucketCall, key: string, versionId: string): void {
  const version = call.bucket.index.versions(key).find((candidate) => candidate.versionId === versionId)
  const { retention, legalHold } = version ?? {}
  const bypass =
    retention?.mode === 'GOVERNANCE' &&
    headerOf(call, 'x-amz-bypass-governance-retention')?.toLowerCase() === 'true' &&
    mayDo(call, 's3:BypassGovernanceRetention', call.bucket, key)
  const held = retention !== undefined && retention.until > call.world.clock.now() && !bypass
  if (held || legalHold) throw accessDenied('Access Denied because object protected by object lock.')
}

/** Removes a version, or the object: with versioning on, that adds a delete marker. Idempotent. */
async function remove(call: BucketCall, key: string, versionId: string | undefined): Promise<Deleted> {
  const { bucket, world } = call
  const { index, settings } = bucket
  if (versionId !== undefined) {
    checkLock(call, key, versionId)
    const version = index.versions(key).find((candidate) => candidate.versionId === versionId)
    if (!version) return { versionId, marker: false }
    await index.remove(key, versionId)
    await bucket.retire(version)
    return { versionId, marker: version.deleteMarker === true }
  }
  if (settings.versioning === undefined) {
    const version = index.versions(key)[0]
    if (version) {
      await index.remove(key, version.versionId)
      await bucket.retire(version)
    }
    return { versionId: undefined, marker: false }
  }
  const id = newVersionId(call)
  const replaced = index.versions(key).find((candidate) => candidate.versionId === id)
  await index.put({
    key,
    versionId: id,
    deleteMarker: true,
    etag: '',
    size: 0,
    modified: world.clock.now(),
    files: [],
    headers: {},
    storageClass: 'STANDARD',
    encryption: { algorithm: 'AES256' },
  })
  await bucket.retire(replaced)
  return { versionId: id, marker: true }
}

export const deleteObject: S3Handler = async (call) => {
  const versionId = queryOf(call, 'versionId')
  const ifMatch = headerOf(call, 'if-match')
  const [current] = call.bucket.index.versions(call.key)
  if (ifMatch !== undefined && current && ifMatch !== '*' && ifMatch.replaceAll('"', '') !== current.etag) {
    throw preconditionFailed('If-Match')
  }
  const deleted = await remove(call, call.key, versionId)
  return empty(204, {
    ...(deleted.versionId !== undefined && { 'x-amz-version-id': deleted.versionId }),
    ...(deleted.marker && { 'x-amz-delete-marker': 'true' }),
  })
}

/** Each key is authorised and answered for itself. */
export const deleteObjects: S3Handler = async (call) => {
  const root = readXml(await readSettingsBody(call, { limit: 2 << 20 }))
  const wishes = root?.children.filter((element) => element.name === 'Object') ?? []
  if (root?.name !== 'Delete' || wishes.length === 0 || wishes.length > 1000) throw malformedXml()
  const quiet = childText(root, 'Quiet') === 'true'
  const results = await Promise.all(
    wishes.map(async (wish): Promise<{ [name: string]: Xml }> => {
      const key = child(wish, 'Key')?.text ?? ''
      const versionId = childText(wish, 'VersionId')
      try {
        authorize(call, versionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion', call.bucket, key)
        const deleted = await remove(call, key, versionId)
        if (quiet) return {}
        const marker = deleted.marker ? { DeleteMarker: true, DeleteMarkerVersionId: deleted.versionId } : {}
        return { Deleted: { Key: key, VersionId: versionId, ...marker } }
      } catch (error) {
        if (!(error instanceof AwsError)) throw error
        return { Error: { Key: key, VersionId: versionId, Code: error.code, Message: error.message } }
      }
    }),
  )
  return xml('DeleteResult', {
    Deleted: results.map((result) => result.Deleted),
    Error: results.map((result) => result.Error),
  })
}
