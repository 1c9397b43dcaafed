import { renameSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { toBytePath, toFsPath } from '#lib/archive/byte-path.ts'
import type { FinishedFiles } from '#lib/archive/finished-files.ts'
import { reachedByNoLink } from '#lib/archive/open-folder.ts'
import { overwrites } from '#lib/archive/overwrite.ts'
import { systemCode } from '#lib/archive/system-error.ts'
import { type Db, databaseTime } from '#lib/db.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { Cancelled } from '#lib/jobs/attempt.ts'
import { afterFailure, waitForNextTry } from '#lib/jobs/end-attempt.ts'
import { mustGiveWay } from './anothers-folder.ts'
import { type BackupContext, type Connection, connectBackup } from './backup-context.ts'
import { completeRestore, endRestore, finishedSchema } from './end-restore.ts'
import { isMountPoint, mustBeFree, mustBeRealTarget, mustLeadThroughNoLink } from './folders.ts'
import { type KeptProgress, keepProgress } from './keep-progress.ts'
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
  const mine = { id, state: 'running', attempt: restore.attempt } as const
  const draft = draftOf(restore)
  const stored = storedSchema.catch({}).parse(restore.progress)
  const progress = keepProgress(
    { part: 'restore', id },
    async (data) => {
      const known = identityOf(draft) ?? stored.draft
      const [row] = await db.restore.updateManyAndReturn({
        where: mine,
        data: { progress: { ...data, ...(known && { draft: known }) } },
        select: { cancelRequested: true },
      })
      return row ? (row.cancelRequested ? 'cancelled' : 'mine') : 'lost'
    },
    signal,
    countsSchema.nullable().catch(null).parse(restore.progress) ?? nothingYet,
  )
  let trouble: WaitingFor = 'bucket'
  try {
    if (restore.cancelRequested) throw new Cancelled()
    await restoreOnce(context, { restore, mine, draft, stored, progress }, () => (trouble = 'key'))
  } catch (thrown) {
    await progress.stop()
    await afterFailure(thrown, {
      part: 'restore',
      id,
      signal: progress.signal,
      again: true,
      wait: (error) =>
        waitForNextTry(context, 'restore', { ...restore, tries: restore.tries + 1 }, (tx, data) =>
          tx.restore.updateMany({
            where: { ...mine, cancelRequested: false },
            data: { ...data, waitingFor: trouble, error: messageOf(error) },
          }),
        ),
      fail: (error) => endRestore(db, restore, error),
      cancel: () => endRestore(db, restore, null),
    })
  } finally {
    await tidyUp(db, id)
  }
}

interface Attempt {
  readonly restore: Claimed
  /** The row, as long as it is this attempt's. */
  readonly mine: { readonly id: string; readonly attempt: number; readonly state: 'running' }
  readonly draft: string
  /** What earlier attempts left in the row. */
  readonly stored: Stored
  readonly progress: KeptProgress
}

/** Steps 2 to 4. */
async function restoreOnce(
  context: BackupContext,
  { restore, mine, draft, stored, progress }: Attempt,
  onKeyTrouble: () => void,
): Promise<void> {
  const { db } = context
  const { id, attempt, target, paths } = restore
  const overwrite = overwriteSchema.nullable().parse(restore.overwrite) ?? undefined
  let connection: Connection | undefined
  let finished: FinishedFiles | undefined
  try {
    mustBeRealTarget(context, target)
    // What an earlier attempt finished, when the folder at the target is the very one that it made.
    const moved = stored.draft !== undefined && identityOf(target) === stored.draft ? stored.finished : undefined
    if (moved && overwrite === undefined) {
      await progress.stop()
      await db.$transaction((tx) => completeRestore(tx, restore, moved))
      return
    }
    if (overwrite === undefined) {
      mustBeFree(target)
      mustGiveWay(target)
      finished = await earlierDrafts(restore, stored.draft)
    }
    const backup = await db.backup.findUniqueOrThrow({ where: { id: restore.backupId } })
    if (backup.state !== 'complete')
      throw new AppError('conflict', `Backup ${backup.id} is ${backup.state}, so there is nothing to restore.`)
    connection = watched(await connectBackup(context, backup), onKeyTrouble)
    const opened = await openRow(backup, connection)
    const { files: filesTotal, bytes: bytesTotal } = opened.manifest.totals
    if (paths.length === 0) progress.report({ filesTotal, bytesTotal })
    const result = await restoreBackup({
      backup: opened,
      target,
      draft: overwrite === undefined ? draft : undefined,
      paths,
      overwrite,
      finished,
      by: { id, attempt },
      signal: progress.signal,
      onProgress: ({ filesDone, bytesWritten, bytesTaken, currentPath }) =>
        progress.report({ filesDone, bytesDone: bytesWritten, bytesTaken, currentPath }),
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
      await completeRestore(tx, restore, done)
      if (result.kept > 0)
        await tx.restore.update({ where: { id }, data: { progress: { ...progress.latest(), kept: result.kept } } })
      // Last, and with the row locked: an attempt that lost its claim never comes here.
      if (overwrite === undefined) moveInto(target, draft)
    })
  } finally {
    connection?.close()
    finished?.close()
  }
}

/** Of a restore that has ended, whoever ended it, nothing stays beside its target. */
async function tidyUp(db: Db, id: string): Promise<void> {
  const ended = await db.restore.findFirst({ where: { id, overwrite: null, state: { notIn: [...underWayStates] } } })
  if (ended) await removeDrafts(ended)
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

/** What stands in the row beside its progress. */
const storedSchema = z.object({
  /** Of the newest draft, or of the folder that it became. */
  draft: z.string().optional(),
  /** Once it was whole. */
  finished: finishedSchema.optional(),
})
type Stored = z.infer<typeof storedSchema>

/** Replaces an empty folder. @throws AppError `conflict` when something came there meanwhile */
function moveInto(target: string, draft: string): void {
  try {
    reachedByNoLink(toBytePath(target), (at) => {
      const beside = `${path.dirname(at)}/${path.basename(draft)}`
      renameSync(toFsPath(beside), toFsPath(at))
    })
  } catch (error) {
    mustLeadThroughNoLink(target, 'Restore into that folder itself.')
    mustBeFree(target)
    // A mount of the same disk, which mustBeFree cannot tell.
    throw systemCode(error) === 'EBUSY' ? isMountPoint(target) : error
  }
}
