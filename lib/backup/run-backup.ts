import { pathFilter } from '#lib/archive/path-filter.ts'
import { type Db, databaseTime } from '#lib/db.ts'
import { keyArnsOf } from '#lib/environment/revision-row.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { Cancelled, LostClaim } from '#lib/jobs/attempt.ts'
import { afterFailure, waitForNextTry } from '#lib/jobs/end-attempt.ts'
import { log } from '#lib/log.ts'
import { type BackupContext, type Connection, connectBackup } from './backup-context.ts'
import type { BackupResult } from './backup-result.ts'
import { deleteBackupObjects, deleteUnnamedObjects, forgetJournal, partsOf } from './clean-up.ts'
import { countSource, sizeOf } from './count-source.ts'
import { databaseJournal } from './database-journal.ts'
import { completeBackup, endBackup } from './end-backup.ts'
import type { SealedEnvelope } from './envelope.ts'
import { mustBeReal, mustBeRealFile } from './folders.ts'
import { keepProgress } from './keep-progress.ts'
import type { Patience } from './patience.ts'
import { countsSchema, nothingYet } from './progress-schema.ts'
import type { WaitingFor } from './schema.ts'
import type { BackupSource, FilesSource, StreamSource } from './source.ts'
import { underWayStates } from './under-way-schema.ts'
import { watched } from './watched.ts'
import { type WriteProtection, writeBackup } from './write-backup.ts'

// 1. Claim the row as the next attempt. An attempt thought dead that wakes up finds the number changed, and stops.
// 2. Write the backup, from where the journal says; the envelope is remembered in the row before it is stored.
// 3. Complete the row and write its audit row in one transaction, if the attempt is still the current one.
// 4. When the key or the bucket cannot be reached, the row waits, and its next try is a job of that same transaction.
// 5. Whatever else went wrong: the row says so. Whoever ends, ends by leaving in the bucket only what the row says is there.

/**
 * @param input the bytes of a row of kind `stream`, which come once: nothing of it is tried again
 * @throws only when the work should be tried again: this worker is stopping, or the database refuses
 */
export async function runBackup(
  context: BackupContext,
  id: string,
  signal: AbortSignal,
  input?: StreamSource | FilesSource,
): Promise<void> {
  const { db } = context
  const backup = await claim(db, id, input !== undefined)
  if (!backup) return
  const { attempt } = backup
  const mine = { id, attempt, state: 'running' } as const
  const before = countsSchema.nullable().catch(null).parse(backup.progress) ?? nothingYet
  // By the database's clock: whoever looks for streams that have ended may have another one.
  const seen = () => input && db.$executeRaw`UPDATE "backup" SET "seenAt" = now() WHERE "id" = ${id}::uuid`
  const progress = keepProgress(
    { part: 'backup', id },
    async (data) => {
      const [row] = await db.backup.updateManyAndReturn({
        where: mine,
        data: { progress: { ...data } },
        select: { cancelRequested: true },
      })
      if (row) await seen()
      return row ? (row.cancelRequested ? 'cancelled' : 'mine') : 'lost'
    },
    signal,
    before,
  )
  const ended = new AbortController()
  let connection: Connection | undefined
  let trouble: WaitingFor = 'bucket'
  let result: BackupResult | undefined
  try {
    if (backup.cancelRequested) throw new Cancelled()
    await seen()
    const source = input ?? sourceOf(context, backup)
    connection = await connectBackup(context, backup)
    const { store, identity } = connection
    // For “time left” only: whatever goes wrong here, the backup meets and reports itself.
    countAhead(source, AbortSignal.any([progress.signal, ended.signal])).then(
      (total) => total && progress.report({ filesTotal: total.files, bytesTotal: total.bytes }),
      () => {},
    )
    result = await writeBackup({
      store,
      identity,
      protection: await protectionOf(
        context,
        backup,
        watched(connection, () => (trouble = 'key')),
      ),
      source,
      attempt,
      signal: progress.signal,
      ...(!input && { journal: databaseJournal(db, { id, attempt }), patience: short }),
      onEnvelope: (envelope) => rememberEnvelope(db, backup, envelope),
      onProgress: ({ filesDone, bytesRead, bytesStored, currentPath }) =>
        progress.report({ filesDone, bytesDone: bytesRead, bytesStored, currentPath }),
    })
    await progress.stop()
    await completeBackup(db, backup, source, result)
  } catch (thrown) {
    await progress.stop()
    const tries = progress.latest().bytesStored > before.bytesStored ? 1 : backup.tries + 1
    await afterFailure(thrown, {
      part: 'backup',
      id,
      signal: progress.signal,
      again: !input,
      wait: (error) =>
        waitForNextTry(context, 'backup', { ...backup, tries }, (tx, data) =>
          tx.backup.updateMany({
            where: { ...mine, cancelRequested: false },
            data: { ...data, waitingFor: trouble, error: messageOf(error) },
          }),
        ),
      fail: (error) => endBackup(db, backup, error),
      cancel: () => endBackup(db, backup, null),
    })
  } finally {
    // Ends the counting too: a backup that waits is tried again and again, and each try would leave one running.
    ended.abort()
    if (connection)
      await tidyUp(db, id, connection, result).catch((error: unknown) =>
        log('warning', 'clean-up', `Some objects could not be deleted: ${messageOf(error)}`, { backup: id }),
      )
    connection?.close()
  }
}

async function rememberEnvelope(
  db: Db,
  { id, attempt }: Claimed,
  { bytes, sha256, generation, keyIds }: SealedEnvelope,
): Promise<void> {
  const data = { envelope: Uint8Array.from(bytes), envelopeSha256: sha256, generation, keyIds: [...keyIds] }
  const { count } = await db.backup.updateMany({ where: { id, attempt, state: 'running' }, data })
  if (count !== 1) throw new LostClaim()
}

function countAhead(source: BackupSource, signal: AbortSignal) {
  if (source.kind !== 'folder') return sizeOf(source)
  return countSource(source.path, signal, pathFilter(source.include, source.exclude))
}

/** As it is on this very machine: the row may have been made on another. */
function sourceOf(context: BackupContext, { source, sourceKind, include, exclude }: Claimed): BackupSource {
  switch (sourceKind) {
    case 'stream':
      throw new AppError('unavailable', 'The bytes of this upload are gone.', { fix: 'Send it again.' })
    case 'file':
      mustBeRealFile(context, source)
      return { kind: 'file', path: source }
    case 'folder':
      mustBeReal(context, source)
      return { kind: 'folder', path: source, include, exclude }
  }
}

/** Whatever cannot be reached for longer than this, and what the AWS SDK tries by itself, is waited for without a worker. */
const short: Patience = { tries: 2, firstDelayMs: 1000, longestDelayMs: 1000 }

/**
 * Leaves in the bucket what the row says is there. Every attempt does so when it ends: one thought dead may have stored
 * something after another one had finished. What still comes later is for the clean-up pass.
 * @param result what this attempt wrote; undefined when it did not come to its end
 */
async function tidyUp(db: Db, id: string, connection: Connection, result: BackupResult | undefined): Promise<void> {
  const row = await db.backup.findUnique({ where: { id } })
  if (!row || row.state === 'failed' || row.state === 'cancelled' || row.state === 'deleting') {
    await deleteBackupObjects(connection, row)
    await forgetJournal(db, id)
  } else if (row.state === 'complete' && row.attempt > 1) {
    const known = result?.manifestSha256 === row.manifestSha256 ? result?.parts : undefined
    await deleteUnnamedObjects(connection, known ?? (await partsOf(row, connection)))
  }
}

async function claim(db: Db, id: string, withInput: boolean) {
  const [row] = await db.backup.updateManyAndReturn({
    where: {
      id,
      state: { in: [...underWayStates] },
      ...(!withInput && { sourceKind: { not: 'stream' } }),
    },
    data: {
      state: 'running',
      attempt: { increment: 1 },
      error: null,
      waitingFor: null,
      nextTryAt: null,
    },
  })
  // Only the row as this very claim left it has this attempt's number: read again, it may be the next one's.
  if (row && !row.startedAt)
    await db.backup.updateMany({ where: { id, startedAt: null }, data: { startedAt: await databaseTime(db) } })
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
  const keyArns = keyArnsOf(await context.db.environmentRevision.findUniqueOrThrow({ where }))
  if (keyArns.length === 0) throw new AppError('integrity', 'The revision this backup was started with names no key.')
  return { method: 'keys', keys: keyArns.map((arn) => connection.keyWrapper(arn)) }
}
