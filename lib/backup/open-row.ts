import { AppError } from '#lib/errors.ts'
import type { Connection } from './backup-context.ts'
import { type OpenBackupOptions, type OpenedBackup, openBackup } from './open-backup.ts'
import type { PinnedBackup } from './pinned-backup.ts'

/** Opens a backup with what its row pins: method, key IDs, generation, and the SHA-256 of envelope and manifest. */
export async function openRow(row: PinnedBackup, connection: Connection): Promise<OpenedBackup> {
  return openBackup(pinned(row, connection))
}

/** Throws AppError `invalid` when the backup is not complete. */
export function pinned(row: PinnedBackup, connection: Connection): OpenBackupOptions {
  const { store, identity, readRow } = connection
  const { manifestSha256, envelopeSha256, generation } = row
  if (!manifestSha256) throw new AppError('invalid', `Backup ${row.id} is not complete.`)
  if (row.method === 'none') return { store, identity, manifestSha256, protection: { method: 'none' } }
  if (!envelopeSha256) throw new AppError('integrity', `The row of backup ${row.id} names no envelope.`)
  const expected = (sha256: string, of: number, keyIds: readonly string[]) => ({
    keys: keyIds.map((keyId) => ({ keyId, wrapper: connection.keyWrapper(keyId) })),
    envelope: { generation: of, sha256 },
  })
  return {
    store,
    identity,
    manifestSha256,
    protection: {
      method: 'keys',
      ...expected(envelopeSha256, generation, row.keyIds),
      // Its keys may have been exchanged since the row was read, or are being exchanged at this moment.
      async expectedNow(sha256) {
        const now = await readRow()
        if (sha256 === now?.envelopeSha256) return expected(sha256, now.generation, now.keyIds)
        if (now && sha256 === now.nextEnvelopeSha256) return expected(sha256, now.generation + 1, now.nextKeyIds)
        return undefined
      },
    },
  }
}
