import type { BackupPlace, Connection } from '#lib/backup/backup-context.ts'
import { sha256Of } from '#lib/backup/codec.ts'
import { keyIdsOf, MAX_ENVELOPE_BYTES } from '#lib/backup/envelope.ts'
import { ENVELOPE } from '#lib/backup/layout.ts'
import { AppError } from '#lib/errors.ts'
import type { ObjectVersion } from '#lib/storage/s3-versions.ts'

/** An envelope's version that is not the current one and names the key. */
export interface OldVersion extends Pick<BackupPlace, 'environmentId' | 'revision' | 'region' | 'bucket'> {
  readonly key: string
  readonly versionId: string
  readonly modified: Date
  readonly sha256: string
}

/** The keys that the current envelope in a folder names, and its SHA-256; undefined when there is none. */
export async function readCurrent(
  { store }: Pick<Connection, 'store'>,
  folder: string,
): Promise<{ keyIds: string[]; sha256: string } | undefined> {
  try {
    const bytes = await store.read(folder + ENVELOPE, MAX_ENVELOPE_BYTES)
    return { keyIds: keyIdsOf(bytes), sha256: sha256Of(bytes) }
  } catch (error) {
    if (error instanceof AppError && error.code === 'not-found') return undefined
    throw error
  }
}

/**
 * Versions of a folder's envelope that are not the current one and that the key opens.
 * @param unseen is told why something could not be looked at
 */
export async function readOldVersions(
  { versions }: Pick<Connection, 'versions'>,
  place: BackupPlace,
  folder: string,
  key: string,
  unseen: (why: AppError) => void,
): Promise<{ read: number; found: OldVersion[] }> {
  const { environmentId, revision, region, bucket } = place
  const found: OldVersion[] = []
  let read = 0
  const look = async (version: ObjectVersion) => {
    const bytes = await versions.read(version, MAX_ENVELOPE_BYTES)
    read += 1
    if (!names(bytes, key)) return
    const { key: object, versionId, modified } = version
    found.push({ environmentId, revision, region, bucket, key: object, versionId, modified, sha256: sha256Of(bytes) })
  }
  try {
    for await (const version of versions.versions(folder + ENVELOPE)) {
      if (version.current || version.marker || version.key !== folder + ENVELOPE) continue
      await look(version).catch((error: unknown) => {
        if (!(error instanceof AppError)) throw error
        if (error.code !== 'not-found') unseen(error)
      })
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    unseen(error)
  }
  return { read, found }
}

/** What is no envelope opens nothing. */
function names(bytes: Uint8Array, key: string): boolean {
  try {
    return keyIdsOf(bytes).includes(key)
  } catch (error) {
    if (error instanceof AppError) return false
    throw error
  }
}
