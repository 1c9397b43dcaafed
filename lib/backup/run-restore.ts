import { renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { recordAudit } from '#lib/audit/record.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { type BackupContext, type Connection, connectBackup } from './backup-context.ts'
import { mustBeFree } from './folders.ts'
import { keepProgress } from './keep-progress.ts'
import { openRow } from './open-row.ts'
import { restoreBackup } from './restore-backup.ts'

// 1. Claim the row. 2. Open the backup with what its row pins. 3. Restore into a folder of a temporary name beside the
// target. 4. When every byte was authenticated and written, give it the target's name; then complete the row.

/** @throws only when the work should be tried again: this worker is stopping, or lost its claim */
export async function runRestore(context: BackupContext, id: string, signal: AbortSignal): Promise<void> {
  const { db } = context
  const claimed = { id, state: { in: ['queued' as const, 'running' as const] } }
  const { count } = await db.restore.updateMany({
    where: claimed,
    data: { state: 'running', startedAt: new Date(), error: null },
  })
  if (count !== 1) return
  const restore = await db.restore.findUniqueOrThrow({ where: { id }, include: { backup: true } })
  const { target, backup } = restore
  const subject = `Backup ${backup.id} to ${target}`
  const draft = path.join(path.dirname(target), `.${path.basename(target).slice(0, 100)}.restoring-${id}`)
  const progress = keepProgress(
    async (data) =>
      (await db.restore.updateMany({ where: { id, state: 'running' }, data: { progress: { ...data } } })).count === 1,
    signal,
  )
  let connection: Connection | undefined
  try {
    mustBeFree(target)
    // Left by a worker that died in the middle of this very restore.
    rmSync(draft, { recursive: true, force: true })
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
    // Replaces an empty folder, and fails when something came there meanwhile.
    renameSync(draft, target)
    await progress.stop()
    await db.$transaction(async (tx) => {
      await tx.restore.update({
        where: { id },
        data: {
          state: 'complete',
          finishedAt: new Date(),
          files: result.files,
          bytes: BigInt(result.bytes),
          warningCount: result.warnings,
          warnings: result.warningList.slice(0, 100).map(({ path, message }) => ({ path, message })),
        },
      })
      await recordAudit(tx, { actor: restore.createdBy, action: 'restore.finish', outcome: 'success', subject })
    })
  } catch (error) {
    await progress.stop()
    if (progress.signal.aborted) throw error
    rmSync(draft, { recursive: true, force: true })
    await db.$transaction(async (tx) => {
      const data = { state: 'failed' as const, finishedAt: new Date(), error: messageOf(error) }
      await tx.restore.updateMany({ where: { id, state: 'running' }, data })
      await recordAudit(tx, { actor: restore.createdBy, action: 'restore.finish', outcome: 'failed', subject })
    })
    if (!(error instanceof AppError)) console.error(error)
  } finally {
    connection?.close()
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
