import { AppError } from '#lib/errors.ts'
import type { ObjectStore } from '#lib/storage/object-store.ts'
import { type Codec, naming, sha256Of } from './codec.ts'
import { type BackupIdentity, manifestContext } from './encryption-context.ts'
import { backupFolder, MANIFEST } from './layout.ts'
import { type Manifest, parseManifest } from './manifest.ts'

/** A manifest has about 60 bytes for each 16 MiB of data, and about 160 before compression. */
const MAX_OBJECT = 256 * 1024 * 1024
const MAX_CONTENT = 500 * 1024 * 1024
/** As many as such a manifest can name, with the parts of the entries: 45 TiB in segments of 16 MiB. */
export const MAX_SEGMENTS = 3_000_000

/**
 * Reads and checks a manifest. Throws AppError `not-found` when there is none, `integrity` when it is not what was
 * written, and what the store throws.
 * @param sha256 of the stored object, from the caller's own records, where there are any
 */
export async function readManifest(
  store: ObjectStore,
  codec: Codec,
  identity: BackupIdentity,
  sha256?: string,
): Promise<{ manifest: Manifest; object: Uint8Array }> {
  try {
    const object = await store.read(backupFolder(identity) + MANIFEST, MAX_OBJECT)
    if (sha256 !== undefined && sha256Of(object) !== sha256) throw new AppError('integrity', 'Its SHA-256 differs.')
    const content = await codec.open(object, manifestContext(identity), MAX_CONTENT)
    return { manifest: parseManifest(content, identity), object }
  } catch (error) {
    throw naming(`The manifest of backup ${identity.backup}`, error)
  }
}
