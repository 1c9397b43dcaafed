import type { BackupContext } from './backup-context.ts'
import { actor } from './console-for-tests.ts'
import { runBackup } from './run-backup.ts'
import { runRestore } from './run-restore.ts'
import { startBackup } from './start-backup.ts'
import { startRestore } from './start-restore.ts'

// What somebody starts on a page, and what a worker then does with it, in this process.

const never = new AbortController().signal

/** @returns its ID, however it ended */
export async function backUpNow(context: BackupContext, source: string, name = ''): Promise<string> {
  const id = await startBackup(context, { source, name }, 'page', actor)
  await runBackup(context, id, never)
  return id
}

/** @returns its row, however it ended */
export async function restoreNow(context: BackupContext, backupId: string, target: string) {
  const id = await startRestore(context, { backupId, target }, 'page', actor)
  await runRestore(context, id, never)
  return context.db.restore.findUniqueOrThrow({ where: { id } })
}
