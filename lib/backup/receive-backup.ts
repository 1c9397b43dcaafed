import { hostname } from 'node:os'
import { savedEnvironment } from '#lib/environment/access.ts'
import { AppError } from '#lib/errors.ts'
import { calledFor } from '#lib/kms-calls/called-for.ts'
import type { BackupContext } from './backup-context.ts'
import { runBackup } from './run-backup.ts'
import type { BackupDetail } from './schema.ts'
import type { FilesSource, StreamSource } from './source.ts'
import { createBackupRow } from './start-backup.ts'
import { viewBackup } from './view-backups.ts'

export interface Received {
  readonly name: string
  /** What came, in words: it stands where a folder’s path stands otherwise. */
  readonly from: string
  readonly actor: string
  /** Told as soon as the row is there. */
  readonly onStart?: (id: string) => void
}

/**
 * Backs up bytes that come once, in this very process, and resolves when the backup is complete, failed or cancelled.
 * @throws AppError `invalid` before the first save of an environment
 */
export async function receiveBackup(
  context: BackupContext,
  { name, from, actor, onStart }: Received,
  input: StreamSource | FilesSource,
  signal: AbortSignal,
): Promise<BackupDetail> {
  const { environmentId, revision } = await savedEnvironment(context.db)
  const source = { kind: 'stream', path: from, host: hostname() } as const
  const id = await context.db.$transaction((tx) =>
    createBackupRow(tx, { environmentId, revision, name, source, actor }),
  )
  onStart?.(id)
  await runBackup(calledFor(context, 'backup'), id, signal, input)
  const row = await viewBackup(context, id)
  if (!row) throw new AppError('not-found', `Backup ${id} was deleted while it was made.`)
  return row
}
