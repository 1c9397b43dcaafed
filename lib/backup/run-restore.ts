import { renameSync } from 'node:fs'
import { z } from 'zod'
import type { FinishedFiles } from '#lib/archive/finished-files.ts'
import { overwrites } from '#lib/archive/overwrite.ts'
import { systemCode } from '#lib/archive/system-error.ts'
import { recordAudit } from '#lib/audit/record.ts'
import { type Db, databaseTime, type Tx } from '#lib/db.ts'
import { AppError, isDatabaseError, messageOf } from '#lib/errors.ts'
import { enqueue } from '#lib/jobs/queue.ts'
import { tryLater } from '#lib/jobs/try-later.ts'
import { workerLogs } from '#lib/jobs/worker-logs.ts'
import { type BackupContext, type Connection, connectBackup } from './backup-context.ts'
import { isMountPoint, mustBeFree, mustBeRealTarget } from './folders.ts'
import { Cancelled, keepProgress, LostClaim } from './keep-progress.ts'
import { openRow } from './open-row.ts'
import { countsSchema, nothingYet } from './progress-schema.ts'
import { restoreBackup } from './restore-backup.ts'
import { draftOf, earlierDrafts, identityOf, removeDrafts } from './restore-drafts.ts'
import type { WaitingFor } from './schema.ts'
import { underWayStates } from './under-way-schema.ts'
import { watched } from './watched.ts'

// 1. Claim the row as the next attempt. 2. Open the backup with what its row pins. 3. Restore into a folder of a
// temporary name beside the target, with the files that earlier attempts finished in theirs, or, where it may be
// overwritten, into the target. 4. When every byte was authenticated and written, remember what the folder is and
// holds, complete the row and give it the target's name. 5. When the key or the bucket cannot be reached, the row waits,
// and its next try is a job of that same transaction. 6. What lies beside the target stays for the next attempt, and goes
// when the restore has ended, whoever ended it: with the attempt, or with the job that comes after.

const overwriteSchema = z.enum(overwrites)

/** @throws only when the work should be tried again: this worker is stopping, or the database refuses */
export async function runRestore(context: BackupContext, id: string, signal: AbortSignal): Promise<void> {
  const { db } = context
  const restore = await claim(db, id)
  if (!restore) return tidyUp(db, id)
  const { attempt, target } = restore
  const mine = { id, state: 'running', attempt } as const
  const overwrite = overwriteSchema.nullable().parse(restore.overwrite) ?? undefined
  const draft = draftOf(restore)
  const earlier = storedSchema.catch({}).parse(restore.progress)
  const before = countsSchema.nullable().catch(null).parse(restore.progress) ?? nothingYet
  const progress = keepProgress(
    async (data) => {
      const known = identityOf(draft) ?? earlier.draft
      const [row] = await db.restore.updateManyAndReturn({
        where: mine,
        data: { progress: { ...data, ...(known && { draft: known }) } },
        select: { cancelRequested: true },
      })
      return row ? (row.cancelRequested ? 'cancelled' : 'mine') : 'lost'
    },
    signal,
    before,
  )
  const complete = async (tx: Tx, { files, bytes, warningCount, warnings }: Finished): Promise<void> => {
    const { count } = await tx.restore.updateMany({
      where: mine,
      data: {
        state: 'complete',
        finishedAt: await databaseTime(tx),
        tries: 0,
        cancelRequested: false,
        files,
        bytes: BigInt(bytes),
        warningCount,
        warnings,
      },
    })
    if (count !== 1) throw new LostClaim()
    await recordEnd(tx, restore, 'complete')
  }
  let connection: Connection | undefined
  let trouble: WaitingFor = 'bucket'
  let finished: FinishedFiles | undefined
  try {
    if (restore.cancelRequested) throw new Cancelled()
    mustBeRealTarget(context, target)
    // What an earlier attempt finished, when the folder at the target is the very one that it made.
    const moved = earlier.draft !== undefined && identityOf(target) === earlier.draft ? earlier.finished : undefined
    if (moved && overwrite === undefined) {
      await progress.stop()
      await db.$transaction((tx) => complete(tx, moved))
      return
    }
    if (overwrite === undefined) {
      mustBeFree(target)
      finished = await earlierDrafts(restore, earlier.draft)
    }
    const backup = await db.backup.findUniqueOrThrow({ where: { id: restore.backupId } })
    if (backup.state !== 'complete')
      throw new AppError('conflict', `Backup ${backup.id} is ${backup.state}, so there is nothing to restore.`)
    connection = watched(await connectBackup(context, backup), () => {
      trouble = 'key'
    })
    const opened = await openRow(backup, connection)
    const { files: filesTotal, bytes: bytesTotal } = opened.manifest.totals
    if (restore.paths.length === 0) progress.report({ filesTotal, bytesTotal })
    const result = await restoreBackup({
      backup: opened,
      target,
      draft: overwrite === undefined ? draft : undefined,
      paths: restore.paths,
      overwrite,
      finished,
      by: { id, attempt },
      signal: progress.signal,
      onProgress: ({ filesDone, bytesWritten, currentPath }) =>
        progress.report({ filesDone, bytesDone: bytesWritten, currentPath }),
    })
    await progress.stop()
    const done = {
      files: result.files,
      bytes: result.bytes,
      warningCount: result.warnings,
      warnings: result.warningList.slice(0, 100).map(({ path, message }) => ({ path, message })),
    }
    // Before the rename, because nothing joins it and the commit: whoever comes after this worker can tell its work.
    if (overwrite === undefined) {
      const marked = { ...progress.latest(), draft: identityOf(draft), finished: done }
      await db.restore.updateMany({ where: mine, data: { progress: marked } })
    }
    await db.$transaction(async (tx) => {
      await complete(tx, done)
      if (result.kept > 0)
        await tx.restore.update({ where: { id }, data: { progress: { ...progress.latest(), kept: result.kept } } })
      // Last, and with the row locked: an attempt that lost its claim never comes here.
      if (overwrite === undefined) moveInto(target, draft)
    })
  } catch (thrown) {
    await progress.stop()
    const cancelled = thrown instanceof Cancelled || progress.signal.reason instanceof Cancelled
    const error = cancelled ? new Cancelled() : thrown
    // Whoever has it now has a job of its own: with this one given back, two would take it from each other in turns.
    if (thrown instanceof LostClaim || progress.signal.reason instanceof LostClaim) return
    if (!cancelled && (progress.signal.aborted || isDatabaseError(error))) throw error
    if (!cancelled && error instanceof AppError && error.retryable && (await waitFor(context, restore, trouble, error)))
      return
    await db.$transaction((tx) => endRestore(tx, mine, cancelled ? null : messageOf(error)))
    if (!(error instanceof AppError)) console.error(error)
  } finally {
    connection?.close()
    finished?.close()
    await tidyUp(db, id)
  }
}

/** Of a restore that has ended, whoever ended it, nothing stays beside its target. */
async function tidyUp(db: Db, id: string): Promise<void> {
  const ended = await db.restore.findFirst({ where: { id, overwrite: null, state: { notIn: [...underWayStates] } } })
  if (ended) await removeDrafts(ended)
}

type Where = NonNullable<Parameters<Db['restore']['updateManyAndReturn']>[0]['where']>

/**
 * As `endIncomplete` of backups: failed, or cancelled where somebody has asked for that meanwhile.
 * @returns the row, if it was one that `where` names
 */
async function endRestore(
  tx: Tx,
  where: Where,
  error: string | null,
  more: { readonly attempt?: { readonly increment: 1 } } = {},
) {
  const ended = { ...more, finishedAt: await databaseTime(tx), tries: 0 }
  const end = async (which: Where, state: 'failed' | 'cancelled', why: string | null) => {
    const [row] = await tx.restore.updateManyAndReturn({ where: which, data: { ...ended, state, error: why } })
    if (row) await recordEnd(tx, row, state)
    return row
  }
  const failed = error === null ? undefined : await end({ ...where, cancelRequested: false }, 'failed', error)
  return failed ?? (await end(where, 'cancelled', null))
}

/** The row waits, and no worker with it. False: it has waited long enough, was cancelled, or is another attempt's by now. */
async function waitFor(
  { db, jobs }: BackupContext,
  { id, attempt, host, tries }: Claimed,
  waitingFor: WaitingFor,
  error: AppError,
): Promise<boolean> {
  const nextTryAt = tryLater(tries + 1, await databaseTime(db))
  if (!nextTryAt) return false
  return db.$transaction(async (tx) => {
    const { count } = await tx.restore.updateMany({
      where: { id, attempt, state: 'running', cancelRequested: false },
      data: { state: 'waiting', waitingFor, nextTryAt, tries: tries + 1, error: messageOf(error) },
    })
    if (count === 1) await enqueue(jobs, tx, 'restore', id, { host, startAfter: nextTryAt })
    return count === 1
  })
}

async function claim(db: Db, id: string) {
  const [row] = await db.restore.updateManyAndReturn({
    where: { id, state: { in: [...underWayStates] } },
    data: { state: 'running', attempt: { increment: 1 }, error: null, waitingFor: null, nextTryAt: null },
  })
  if (row && !row.startedAt)
    await db.restore.updateMany({ where: { id, startedAt: null }, data: { startedAt: await databaseTime(db) } })
  return row
}
type Claimed = NonNullable<Awaited<ReturnType<typeof claim>>>

const finishedSchema = z.object({
  files: z.number(),
  bytes: z.number(),
  warningCount: z.number(),
  warnings: z.array(z.object({ path: z.string(), message: z.string() })),
})
type Finished = z.infer<typeof finishedSchema>

/** What stands in the row beside its progress. */
const storedSchema = z.object({
  /** Of the newest draft, or of the folder that it became. */
  draft: z.string().optional(),
  /** Once it was whole. */
  finished: finishedSchema.optional(),
})

/** Replaces an empty folder. @throws AppError `conflict` when something came there meanwhile */
function moveInto(target: string, draft: string): void {
  try {
    renameSync(draft, target)
  } catch (error) {
    mustBeFree(target)
    // A mount of the same disk, which mustBeFree cannot tell.
    throw systemCode(error) === 'EBUSY' ? isMountPoint(target) : error
  }
}

/** A job whose workers died too often: nobody works on it any more. */
export async function giveUpRestore({ db, jobs }: BackupContext, id: string): Promise<void> {
  const error = `The worker stopped in the middle of this restore several times. ${workerLogs} Then start it again.`
  await db.$transaction(async (tx) => {
    const active = { id, state: { in: ['queued' as const, 'running' as const] } }
    const row = await endRestore(tx, active, error, { attempt: { increment: 1 } })
    if (!row) return
    // Its host tidies up.
    await enqueue(jobs, tx, 'restore', id, { host: row.host })
  })
}

async function recordEnd(
  tx: Tx,
  { backupId, target, createdBy }: { backupId: string; target: string; createdBy: string },
  state: 'complete' | 'failed' | 'cancelled',
): Promise<void> {
  await recordAudit(tx, {
    actor: createdBy,
    action: 'restore.finish',
    outcome: state === 'complete' ? 'success' : state,
    subject: `Backup ${backupId} to ${target}`,
  })
}
