import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { recordAudit } from '#lib/audit/record.ts'
import type { Db } from '#lib/db.ts'
import { AppError, isDatabaseError, messageOf } from '#lib/errors.ts'
import { type BackupContext, type Connection, connectBackup } from './backup-context.ts'
import { mustBeFree } from './folders.ts'
import { keepProgress } from './keep-progress.ts'
import { openRow } from './open-row.ts'
import { restoreBackup } from './restore-backup.ts'

// 1. Claim the row. 2. Open the backup with what its row pins. 3. Restore into a folder of a temporary name beside the
// target. 4. When every byte was authenticated and written, complete the row and give the folder the target's name.

/** @throws only when the work should be tried again: this worker is stopping, or lost its claim */
export async function runRestore(context: BackupContext, id: string, signal: AbortSignal): Promise<void> {
  const { db } = context
  const startedAt = await claim(db, id)
  if (!startedAt) return
  const mine = { id, state: 'running', startedAt } as const
  const restore = await db.restore.findUniqueOrThrow({ where: { id }, include: { backup: true } })
  const { target, backup } = restore
  const subject = `Backup ${backup.id} to ${target}`
  const drafts = { folder: path.dirname(target), name: `.restoring-${id}-` }
  const draft = path.join(drafts.folder, `${drafts.name}${startedAt.getTime()}`)
  const progress = keepProgress(
    async (data) => (await db.restore.updateMany({ where: mine, data: { progress: { ...data } } })).count === 1,
    signal,
  )
  let connection: Connection | undefined
  try {
    mustBeFree(target)
    // Left by a worker that died in the middle of this very restore.
    removeAll(drafts)
    connection = await connectBackup(context, backup)
    const opened = await openRow(backup, connection)
    const { files: filesTotal, bytes: bytesTotal } = opened.manifest.totals
    progress.report({ filesTotal, bytesTotal })
    const result = await restoreBackup({
      backup: opened,
      target: draft,
      signal: progress.signal,
      onProgress: ({ filesDone, bytesWritten, currentPath }) =>
        progress.report({ filesDone, bytesDone: bytesWritten, currentPath }),
    })
    await progress.stop()
    await db.$transaction(async (tx) => {
      const { count } = await tx.restore.updateMany({
        where: mine,
        data: {
          state: 'complete',
          finishedAt: new Date(),
          files: result.files,
          bytes: BigInt(result.bytes),
          warningCount: result.warnings,
          warnings: result.warningList.slice(0, 100).map(({ path, message }) => ({ path, message })),
        },
      })
      if (count !== 1) throw new AppError('conflict', 'Another worker has taken this over.')
      await recordAudit(tx, { actor: restore.createdBy, action: 'restore.finish', outcome: 'success', subject })
      // Last, and with the row locked: an attempt that lost its claim never comes here.
      moveInto(target, draft)
    })
  } catch (error) {
    await progress.stop()
    if (!signal.aborted) rmSync(draft, { recursive: true, force: true })
    if (progress.signal.aborted || isDatabaseError(error)) throw error
    await db.$transaction(async (tx) => {
      const data = { state: 'failed' as const, finishedAt: new Date(), error: messageOf(error) }
      const { count } = await tx.restore.updateMany({ where: mine, data })
      if (count === 1)
        await recordAudit(tx, { actor: restore.createdBy, action: 'restore.finish', outcome: 'failed', subject })
    })
    if (!(error instanceof AppError)) console.error(error)
  } finally {
    connection?.close()
  }
}

/** Every claim of one restore has a later time than the one before, and so its time tells whose the row is. */
async function claim(db: Db, id: string): Promise<Date | undefined> {
  const [claimed] = await db.$queryRaw<{ startedAt: Date }[]>`
    UPDATE "restore" SET "state" = 'running', "error" = NULL,
      "startedAt" = GREATEST(now(), "startedAt" + interval '1 millisecond')
    WHERE "id" = ${id}::uuid AND "state" IN ('queued', 'running') RETURNING "startedAt"`
  return claimed?.startedAt
}

function removeAll({ folder, name }: { folder: string; name: string }): void {
  // A folder that is not there is met, and told, by the restore itself.
  const found = existsSync(folder) ? readdirSync(folder).filter((entry) => entry.startsWith(name)) : []
  for (const entry of found) rmSync(path.join(folder, entry), { recursive: true, force: true })
}

/** Replaces an empty folder. @throws AppError `conflict` when something came there meanwhile */
function moveInto(target: string, draft: string): void {
  try {
    renameSync(draft, target)
  } catch (error) {
    mustBeFree(target)
    throw error
  }
}

/** A job whose workers died too often: nobody works on it any more. */
export async function giveUpRestore({ db }: BackupContext, id: string): Promise<void> {
  const error =
    'The worker stopped in the middle of this restore several times. Look at logs/worker.log in the data folder, then start it again.'
  await db.$transaction(async (tx) => {
    const where = { id, state: { in: ['queued' as const, 'running' as const] } }
    const [row] = await tx.restore.updateManyAndReturn({
      where,
      data: { state: 'failed', finishedAt: new Date(), error },
    })
    if (row)
      await recordAudit(tx, {
        actor: row.createdBy,
        action: 'restore.finish',
        outcome: 'failed',
        subject: `Backup ${row.backupId} to ${row.target}`,
      })
  })
}
