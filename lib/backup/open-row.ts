import { AppError } from '#lib/errors.ts'
import type { Connection } from './backup-context.ts'
import { type OpenBackupOptions, type OpenedBackup, openBackup } from './open-backup.ts'

export interface PinnedBackup {
  readonly id: string
  readonly method: string
  readonly keyIds: readonly string[]
  readonly generation: number
  readonly envelopeSha256: string | null
  readonly manifestSha256: string | null
}

/** Opens a backup with what its row pins: method, key IDs, generation, and the SHA-256 of envelope and manifest. */
export async function openRow(row: PinnedBackup, connection: Connection): Promise<OpenedBackup> {
  return openBackup(pinned(row, connection))
}

/** Throws AppError `invalid` when the backup is not complete. */
export function pinned(row: PinnedBackup, { store, identity, keyWrapper }: Connection): OpenBackupOptions {
  const { manifestSha256, envelopeSha256, generation } = row
  if (!manifestSha256) throw new AppError('invalid', `Backup ${row.id} is not complete.`)
  if (row.method === 'none') return { store, identity, manifestSha256, protection: { method: 'none' } }
  if (!envelopeSha256) throw new AppError('integrity', `The row of backup ${row.id} names no envelope.`)
  const keys = row.keyIds.map((keyId) => ({ keyId, wrapper: keyWrapper(keyId) }))
  return {
    store,
    identity,
    manifestSha256,
    protection: { method: 'keys', keys, envelope: { generation, sha256: envelopeSha256 } },
  }
}
