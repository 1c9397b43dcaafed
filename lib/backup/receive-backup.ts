import { hostname } from 'node:os'
import { savedEnvironment } from '#lib/environment/access.ts'
import { AppError } from '#lib/errors.ts'
import { calledFor } from '#lib/kms-calls/called-for.ts'
import type { BackupContext } from './backup-context.ts'
import { runBackup } from './run-backup.ts'
import type { BackupDetail } from './schema.ts'
import { type OtherUse, requestOf, type SentOnce, sentBefore } from './sent-before.ts'
import type { FilesSource, StreamSource } from './source.ts'
import { createBackupRow, type NewBackup } from './start-backup.ts'
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
  received: Received,
  input: StreamSource | FilesSource,
  signal: AbortSignal,
): Promise<BackupDetail> {
  const row = await rowFor(context, received)
  const id = await context.db.$transaction((tx) => createBackupRow(tx, row))
  return run(context, id, received, input, signal)
}

export interface ReceivedOnce extends BackupDetail {
  /** An earlier request made it. */
  readonly replayed: boolean
}

/**
 * The same, unless the same request came before and its backup is complete: then resolves with that one at once, and
 * nothing of `input` is read.
 * @throws AppError as `receiveBackup` and `sentBefore` do
 */
export async function receiveOnce(
  context: BackupContext,
  received: Received,
  once: SentOnce,
  input: StreamSource | FilesSource,
  signal: AbortSignal,
): Promise<ReceivedOnce | OtherUse> {
  const row = await rowFor(context, received)
  const begun = await context.db.$transaction(
    async (tx) => {
      const before = await sentBefore(tx, once)
      return before ?? { made: await createBackupRow(tx, { ...row, request: requestOf(once) }) }
    },
    { isolationLevel: 'ReadCommitted' },
  )
  if ('otherUse' in begun) return begun
  if ('made' in begun) return { ...(await run(context, begun.made, received, input, signal)), replayed: false }
  return { ...(await show(context, begun.id, 'just now, after an earlier request had made it')), replayed: true }
}

async function rowFor(context: BackupContext, { name, from, actor }: Received): Promise<NewBackup> {
  const { environmentId, revision } = await savedEnvironment(context.db)
  return { environmentId, revision, name, source: { kind: 'stream', path: from, host: hostname() }, actor }
}

async function run(
  context: BackupContext,
  id: string,
  { onStart }: Received,
  input: StreamSource | FilesSource,
  signal: AbortSignal,
): Promise<BackupDetail> {
  onStart?.(id)
  await runBackup(calledFor(context, 'backup'), id, signal, input)
  return show(context, id)
}

async function show(context: BackupContext, id: string, when = 'while it was made'): Promise<BackupDetail> {
  const row = await viewBackup(context, id)
  if (!row) throw new AppError('not-found', `Backup ${id} was deleted ${when}.`)
  return row
}
