import { recordAudit } from '#lib/audit/record.ts'
import type { Db } from '#lib/db.ts'
import { AppError, isDatabaseError, messageOf } from '#lib/errors.ts'
import { type BackupContext, type Connection, connectBackup } from './backup-context.ts'
import { deleteBackupObjects, deleteUnnamedObjects } from './clean-up.ts'
import { countSource } from './count-source.ts'
import { keepProgress } from './keep-progress.ts'
import { openRow } from './open-row.ts'
import { type WriteProtection, writeBackup } from './write-backup.ts'

// 1. Claim the row as the next attempt. An attempt thought dead that wakes up finds the number changed, and stops.
// 2. Write the backup; the envelope is remembered in the row before it is stored.
// 3. Complete the row and write its audit row in one transaction, if the attempt is still this one.
// 4. Whatever went wrong: the row says so. Whoever ends, ends by leaving in the bucket only what the row says is there.

/** @throws only when the work should be tried again by another worker: this one is stopping, or lost its claim */
export async function runBackup(context: BackupContext, id: string, signal: AbortSignal): Promise<void> {
  const { db } = context
  const backup = await claim(db, id)
  if (!backup) return
  const { attempt } = backup
  const mine = { id, attempt, state: 'running' } as const
  const progress = keepProgress(
    async (data) => (await db.backup.updateMany({ where: mine, data: { progress: { ...data } } })).count === 1,
    signal,
  )
  let connection: Connection | undefined
  try {
    connection = await connectBackup(context, backup)
    const { store, identity } = connection
    // For “time left” only: whatever goes wrong here, the backup meets and reports itself.
    countSource(backup.source, progress.signal).then(
      ({ files, bytes }) => progress.report({ filesTotal: files, bytesTotal: bytes }),
      () => {},
    )
    const result = await writeBackup({
      store,
      identity,
      protection: await protectionOf(context, backup, connection),
      source: backup.source,
      attempt,
      signal: progress.signal,
      onEnvelope: async ({ bytes, sha256, generation, keyIds }) => {
        const data = { envelope: Uint8Array.from(bytes), envelopeSha256: sha256, generation, keyIds: [...keyIds] }
        const { count } = await db.backup.updateMany({ where: mine, data })
        if (count !== 1) throw lostClaim()
      },
      onProgress: ({ filesDone, bytesRead, bytesStored, currentPath }) =>
        progress.report({ filesDone, bytesDone: bytesRead, bytesStored, currentPath }),
    })
    await progress.stop()
    const warnings = result.warningList.slice(0, 100).map(({ path, message }) => ({ path, message }))
    await db.$transaction(async (tx) => {
      const { count } = await tx.backup.updateMany({
        where: mine,
        data: {
          state: 'complete',
          finishedAt: new Date(),
          bytes: BigInt(result.bytes),
          bytesStored: BigInt(result.storedBytes),
          files: result.files,
          manifestSha256: result.manifestSha256,
          manifestSize: BigInt(result.manifestSize),
          warningCount: result.warnings,
          warnings,
        },
      })
      if (count !== 1) throw lostClaim()
      await recordAudit(tx, {
        actor: backup.createdBy,
        action: 'backup.finish',
        outcome: 'success',
        subject: subjectOf(backup),
      })
    })
  } catch (error) {
    await progress.stop()
    // Given back to the queue: this worker stops or lost its claim, or the database is away and cannot be told.
    if (progress.signal.aborted || isDatabaseError(error)) throw error
    await db.$transaction(async (tx) => {
      const { count } = await tx.backup.updateMany({
        where: mine,
        data: { state: 'failed', finishedAt: new Date(), error: messageOf(error) },
      })
      if (count === 1) {
        await recordAudit(tx, {
          actor: backup.createdBy,
          action: 'backup.finish',
          outcome: 'failed',
          subject: subjectOf(backup),
        })
      }
    })
    if (!(error instanceof AppError)) console.error(error)
  } finally {
    if (connection) await tidyUp(db, id, connection).catch(logLeftover(id))
    connection?.close()
  }
}

/**
 * Leaves in the bucket what the row says is there. Every attempt does so when it ends: one thought dead may have stored
 * something after another one had finished.
 */
async function tidyUp(db: Db, id: string, connection: Connection): Promise<void> {
  const row = await db.backup.findUniqueOrThrow({ where: { id } })
  if (row.state === 'failed') await deleteBackupObjects(connection)
  if (row.state === 'complete' && row.attempt > 1) await deleteUnnamedObjects(await openRow(row, connection))
}

/** A job whose workers died too often: nobody works on it any more. */
export async function giveUpBackup(context: BackupContext, id: string): Promise<void> {
  const { db } = context
  const message =
    'The worker stopped in the middle of this backup several times. Look at logs/worker.log in the data folder, then start it again.'
  const backup = await db.$transaction(async (tx) => {
    const data = { state: 'failed' as const, finishedAt: new Date(), error: message, attempt: { increment: 1 } }
    const [row] = await tx.backup.updateManyAndReturn({ where: { id, state: { in: ['queued', 'running'] } }, data })
    if (row)
      await recordAudit(tx, {
        actor: row.createdBy,
        action: 'backup.finish',
        outcome: 'failed',
        subject: subjectOf(row),
      })
    return row
  })
  // Told again, because the objects could not be deleted the last time: that is still to be done.
  const failed = backup ?? (await db.backup.findFirst({ where: { id, state: 'failed' } }))
  if (!failed) return
  const connection = await connectBackup(context, failed)
  try {
    await deleteBackupObjects(connection)
  } finally {
    connection.close()
  }
}

async function claim(db: Db, id: string) {
  const [row] = await db.backup.updateManyAndReturn({
    where: { id, state: { in: ['queued', 'running'] } },
    data: { state: 'running', attempt: { increment: 1 }, error: null },
  })
  // Only the row as this very claim left it has this attempt's number: read again, it may be the next one's.
  if (row && !row.startedAt)
    await db.backup.updateMany({ where: { id, startedAt: null }, data: { startedAt: new Date() } })
  return row
}

type Claimed = NonNullable<Awaited<ReturnType<typeof claim>>>

async function protectionOf(context: BackupContext, backup: Claimed, connection: Connection): Promise<WriteProtection> {
  if (backup.method === 'none') return { method: 'none' }
  if (backup.envelope && backup.envelopeSha256) {
    const keys = backup.keyIds.map((keyId) => ({ keyId, wrapper: connection.keyWrapper(keyId) }))
    const earlier = { bytes: backup.envelope, keys, generation: backup.generation, sha256: backup.envelopeSha256 }
    return { method: 'keys', keys: [], earlier }
  }
  if (backup.method === 'AES-256') return { method: 'keys', keys: [context.seal] }
  const where = { environmentId_number: { environmentId: backup.environmentId, number: backup.revision } }
  const { keyArn } = await context.db.environmentRevision.findUniqueOrThrow({ where })
  if (!keyArn) throw new AppError('integrity', 'The revision this backup was started with names no key.')
  return { method: 'keys', keys: [connection.keyWrapper(keyArn)] }
}

function lostClaim(): AppError {
  return new AppError('conflict', 'Another worker has taken this over.')
}

function subjectOf(backup: { id: string; source: string }): string {
  return `${backup.source} (backup ${backup.id})`
}

function logLeftover(id: string): (error: unknown) => void {
  return (error) =>
    console.error(
      JSON.stringify({
        level: 'warning',
        part: 'clean-up',
        backup: id,
        message: `Some objects could not be deleted: ${messageOf(error)}`,
      }),
    )
}
