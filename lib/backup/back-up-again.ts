import { AppError } from '#lib/errors.ts'
import type { BackupContext } from './backup-context.ts'
import { startBackup } from './start-backup.ts'

/**
 * Whether a backup that came to nothing can be made anew from a page. What was sent to the console came once, and a
 * single file is only for whoever may run commands on its machine.
 */
export function isRepeatable({ state, sourceKind }: { readonly state: string; readonly sourceKind: string }): boolean {
  return sourceKind === 'folder' && (state === 'failed' || state === 'cancelled')
}

/**
 * Once more what failed or was cancelled: the same folder of the same host under the same name and patterns, with the
 * settings that are saved by now. Returns the new backup's ID; the old row stays.
 * @throws AppError `not-found`, `conflict` for any other backup, and as `startBackup` does
 */
export async function backUpAgain(context: BackupContext, id: string, actor: string): Promise<string> {
  const row = await context.db.backup.findUnique({
    where: { id },
    select: { state: true, sourceKind: true, source: true, name: true, host: true, include: true, exclude: true },
  })
  if (!row) throw new AppError('not-found', 'This backup is gone: somebody deleted it.')
  if (!isRepeatable(row))
    throw new AppError('conflict', 'Only a backup of a folder that failed or was cancelled can be made again.', {
      fix: 'Start a new one in Backups.',
    })
  return startBackup(context, row, 'page', actor)
}
