import { decompressFrame } from '#lib/archive/zstd-frame.ts'
import { MAX_ENVELOPE_BYTES } from '#lib/backup/envelope.ts'
import { backupFolder, ENVELOPE, MANIFEST } from '#lib/backup/layout.ts'
import { type OpenedBackup, openBackup } from '#lib/backup/open-backup.ts'
import { AppError } from '#lib/errors.ts'
import { claimsOf, installationIn } from './claims.ts'
import type { RecoverySource } from './recovery-source.ts'

// 1. Read from the envelope (or, unencrypted, from the manifest) which installation it names: the one value that is not
//    known here. 2. Open the backup with it: a key decrypts only under the context it encrypted under, so a backup that
//    opened really is of that installation. Unencrypted, nobody vouches for it.

const MAX_MANIFEST = 256 * 1024 * 1024

/**
 * Opens a backup with bucket and key alone; `identity.installation` of the result is what the key has authenticated.
 * Throws AppError: `not-found`, `integrity`, `denied` when other keys or another method are needed, and what store and
 * keys throw.
 */
export async function openWithoutDatabase(source: RecoverySource, backup: string): Promise<OpenedBackup> {
  const { store, prefix, environment, keys } = source
  const place = { installation: '', environment, backup, prefix }
  const folder = backupFolder(place)
  const envelope = await readIfThere(source, folder + ENVELOPE, MAX_ENVELOPE_BYTES)
  if (keys.length === 0) {
    if (envelope)
      throw new AppError('denied', `Backup ${backup} is encrypted.`, { fix: 'Name its key with --key instead.' })
    const manifest = await readIfThere(source, folder + MANIFEST, MAX_MANIFEST)
    if (!manifest) throw neverHappened(backup)
    const what = `The manifest of backup ${backup}`
    const content = await decompressFrame(manifest, MAX_MANIFEST).catch((cause: unknown) => {
      throw new AppError('integrity', `${what} cannot be read without a key.`, { cause })
    })
    const identity = { ...place, installation: installationIn(content, what) }
    return openBackup({ store, identity, protection: { method: 'none' } })
  }
  if (!envelope) {
    if (!(await readIfThere(source, folder + MANIFEST, MAX_MANIFEST))) throw neverHappened(backup)
    throw new AppError(
      'denied',
      `Backup ${backup} has no envelope: it is not encrypted, or its envelope was deleted.`,
      {
        fix: 'If it was made with encryption switched off, ask for it with --allow-unencrypted.',
      },
    )
  }
  const { installation, keyIds } = claimsOf(envelope, `The envelope of backup ${backup}`)
  const roots = keyIds.filter((keyId) => keyId.startsWith('root-key/'))
  const isOpened = keys.some(({ keyId }) => keyIds.includes(keyId))
  if (roots.length > 0 && roots.length === keyIds.length && !isOpened)
    throw new AppError(
      'denied',
      `Backup ${backup} is of method AES-256: no KMS key opens it, only the console’s ${roots.join(' or ')}.`,
      {
        fix: 'Use --recovery-kit with a kit that was made since then. Without one: restore the console’s data folder and database from their own copies, and restore it there.',
      },
    )
  return openBackup({ store, identity: { ...place, installation }, protection: { method: 'keys', keys } })
}

function neverHappened(backup: string): AppError {
  return new AppError('not-found', `There is no backup ${backup}: it was never completed, or it was deleted.`, {
    fix: 'Is the environment’s ID right, and what stands before it in the bucket? --list shows what is there.',
  })
}

async function readIfThere({ store }: RecoverySource, key: string, max: number): Promise<Uint8Array | undefined> {
  try {
    return await store.read(key, max)
  } catch (error) {
    if (error instanceof AppError && error.code === 'not-found') return undefined
    throw error
  }
}
