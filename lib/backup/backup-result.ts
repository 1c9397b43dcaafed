import { displayPath } from '#lib/archive/byte-path.ts'
import { AppError } from '#lib/errors.ts'
import { type Codec, sha256Of } from './codec.ts'
import { EntryIndex } from './entry-index.ts'
import type { BackupTotals, Manifest, Part } from './manifest.ts'
import type { OpenedBackup } from './open-backup.ts'
import { readManifest } from './read-manifest.ts'
import { type PathWarning, WARNINGS_KEPT } from './write-entries.ts'

export interface BackupResult extends BackupTotals {
  /** Bytes of all parts and the manifest. */
  readonly storedBytes: number
  readonly segments: number
  /** What the manifest names. */
  readonly parts: readonly Part[]
  readonly manifestSha256: string
  readonly manifestSize: number
  /** The first 1,000; `warnings` counts them all. */
  readonly warningList: readonly PathWarning[]
}

/**
 * The result of an earlier attempt that stored its manifest and did not live to say so; undefined where none did.
 * @throws AppError as `readManifest` does, but for `not-found`
 */
export async function finishedBefore(
  { store, identity }: Pick<OpenedBackup, 'store' | 'identity'>,
  codec: Codec,
): Promise<BackupResult | undefined> {
  try {
    const { manifest, object } = await readManifest(store, codec, identity)
    return { ...resultOf(manifest, object), warningList: await warningsIn({ store, codec, identity, manifest }) }
  } catch (error) {
    if (error instanceof AppError && error.code === 'not-found') return undefined
    throw error
  }
}

/** What that attempt knew of its warnings is gone with it; the list of entries has them all. */
async function warningsIn(backup: OpenedBackup): Promise<readonly PathWarning[]> {
  const found: PathWarning[] = []
  if (backup.manifest.totals.warnings === 0) return found
  for await (const { path, warning: message } of new EntryIndex(backup).from('')) {
    if (message !== undefined) found.push({ path: displayPath(path), message })
    if (found.length === WARNINGS_KEPT) break
  }
  return found
}

/** @param object the manifest as it is stored */
export function resultOf(manifest: Manifest, object: Uint8Array): BackupResult {
  const parts = [...manifest.segments, ...manifest.entries]
  return {
    ...manifest.totals,
    segments: manifest.segments.length,
    parts,
    storedBytes: parts.reduce((sum, part) => sum + part.size, object.length),
    manifestSha256: sha256Of(object),
    manifestSize: object.length,
    warningList: [],
  }
}
