import { recordAudit } from '#lib/audit/record.ts'
import { type Db, databaseTime, type Prisma, type Tx } from '#lib/db.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { LostClaim } from '#lib/jobs/attempt.ts'
import { afterFailure, waitForNextTry } from '#lib/jobs/end-attempt.ts'
import { workerLogs } from '#lib/jobs/worker-logs.ts'
import { type BackupContext, type Connection, connectBackup } from './backup-context.ts'
import { keepProgress } from './keep-progress.ts'
import { pinned } from './open-row.ts'
import type { WaitingFor } from './schema.ts'
import { underWayStates } from './under-way-schema.ts'
import { verifyBackup } from './verify-backup.ts'
import { watched } from './watched.ts'

// 1. Claim the row as the next attempt. 2. Look at every object, with what the backup's row pins. 3. Complete the row,
// whatever was found: it fails only where nothing could be said. 4. When the key or the bucket cannot be reached, the row
// waits, and its next try is a job of that same transaction.

/** @throws only when the work should be tried again: this worker is stopping, or the database refuses */
export async function runVerification(context: BackupContext, id: string, signal: AbortSignal): Promise<void> {
  const { db } = context
  const verification = await claim(db, id)
  if (!verification) return
  const mine = { id, state: 'running', attempt: verification.attempt } as const
  const progress = keepProgress(
    { part: 'verification', id },
    async (data) =>
      (await db.backupVerification.updateMany({ where: mine, data: { progress: { ...data } } })).count === 1,
    signal,
  )
  let connection: Connection | undefined
  let trouble: WaitingFor = 'bucket'
  try {
    const backup = await db.backup.findUniqueOrThrow({ where: { id: verification.backupId } })
    if (backup.state !== 'complete')
      throw new AppError('conflict', `Backup ${backup.id} is ${backup.state}, so there is nothing to verify.`)
    connection = watched(await connectBackup(context, backup), () => {
      trouble = 'key'
    })
    const { problems, problemCount, objects, bytes } = await verifyBackup({
      ...pinned(backup, connection),
      depth: verification.depth === 'full' ? 'full' : 'quick',
      signal: progress.signal,
      onProgress: ({ objects, bytes, bytesTotal, current }) =>
        progress.report({ filesDone: objects, bytesDone: bytes, bytesTotal, currentPath: current }),
    })
    await progress.stop()
    progress.signal.throwIfAborted()
    await db.$transaction(async (tx) => {
      const { count } = await tx.backupVerification.updateMany({
        where: mine,
        data: {
          state: 'complete',
          finishedAt: await databaseTime(tx),
          tries: 0,
          objects,
          bytes: BigInt(bytes),
          problemCount,
          problems: problems.map(({ object, message }) => ({ object, message })),
        },
      })
      if (count !== 1) throw new LostClaim()
      await recordEnd(tx, verification, problemCount === 0 ? 'success' : 'refused', `${problemCount}`)
    })
  } catch (thrown) {
    await progress.stop()
    await afterFailure(thrown, {
      part: 'verification',
      id,
      signal: progress.signal,
      again: true,
      wait: (error) =>
        waitForNextTry(context, 'verify', { id, tries: verification.tries + 1 }, (tx, data) =>
          tx.backupVerification.updateMany({
            where: mine,
            data: { ...data, waitingFor: trouble, error: messageOf(error) },
          }),
        ),
      fail: (error) => fail(db, mine, error),
    })
  } finally {
    connection?.close()
  }
}

async function claim(db: Db, id: string) {
  return db.$transaction(async (tx) => {
    // One that waited keeps nobody from deleting or shredding the backup: from here on it does, or comes too late.
    await tx.$queryRaw`
      SELECT 1 FROM "backup" WHERE "id" = (SELECT "backupId" FROM "backup_verification" WHERE "id" = ${id}::uuid)
      FOR UPDATE`
    const [claimed] = await tx.backupVerification.updateManyAndReturn({
      where: { id, state: { in: [...underWayStates] } },
      data: {
        state: 'running',
        startedAt: await databaseTime(tx),
        error: null,
        waitingFor: null,
        nextTryAt: null,
        attempt: { increment: 1 },
      },
    })
    return claimed
  })
}

/** A job whose workers died too often: nobody works on it any more. */
export async function giveUpVerification({ db }: BackupContext, id: string): Promise<void> {
  const error = `The worker stopped in the middle of this verification several times. ${workerLogs} Then start it again.`
  await fail(db, { id, state: { in: ['queued', 'running'] } }, error)
}

async function fail(db: Db, where: Prisma.BackupVerificationWhereInput, error: string): Promise<void> {
  await db.$transaction(async (tx) => {
    const [row] = await tx.backupVerification.updateManyAndReturn({
      where,
      data: { state: 'failed', finishedAt: await databaseTime(tx), error, attempt: { increment: 1 } },
    })
    if (row) await recordEnd(tx, row, 'failed')
  })
}

async function recordEnd(
  tx: Tx,
  { backupId, depth, createdBy }: { backupId: string; depth: string; createdBy: string },
  outcome: 'success' | 'refused' | 'failed',
  problems?: string,
): Promise<void> {
  await recordAudit(tx, {
    actor: createdBy,
    action: 'verify.finish',
    outcome,
    subject: `Backup ${backupId}`,
    changes: { depth: [null, depth], ...(problems !== undefined && { problems: [null, problems] }) },
  })
}
