import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from 'commander'
import { deleteBackup } from '#lib/backup/delete-backup.ts'
import { viewLoss } from '#lib/backup/view-loss.ts'
import { AppError } from '#lib/errors.ts'
import { withServices } from './attach.ts'
import { mustBeId } from './backup-restore.ts'
import { exitCodes } from './exit-codes.ts'
import { isSure } from './is-sure.ts'
import { bytesText, plain, print, printError } from './output.ts'

/** A worker has deleted most backups by then. */
const patienceMs = 30_000

export function addBackupDelete(backup: Command): void {
  backup
    .command('delete')
    .description('Delete a backup for good, after saying what is lost with it.')
    .argument('<id>', 'the backup’s ID, as byok backup list shows it')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      '\nA backup that is being written, restored or verified is not deleted.' +
        '\nExit codes: 0 deleted, or being deleted by a worker; 1 refused, 2 bad usage, 3 no console is running.',
    )
    .action((id: string, options: { yes?: boolean }) =>
      withServices(async (services) => {
        mustBeId(id)
        const loss = await viewLoss(services.backup, id)
        if (!loss) throw new AppError('not-found', `There is no backup ${id}.`)
        if (loss.refusal) throw new AppError('conflict', loss.refusal)
        for (const sentence of loss.sentences) print(plain(sentence))
        if (!options.yes && !(await isSure('Delete it?', 'Say --yes to delete it without asking.'))) {
          process.exitCode = exitCodes.failed
          return printError('Nothing was deleted.')
        }
        const row = await services.db.backup.findUnique({ where: { id }, select: { bytesStored: true } })
        await deleteBackup(services.backup, id, 'command line')
        for (const end = performance.now() + patienceMs; performance.now() < end; await delay(200)) {
          const left = await services.db.backup.findUnique({ where: { id }, select: { error: true } })
          if (!left)
            return print(`Backup ${id} is deleted: ${bytesText(Number(row?.bytesStored ?? 0))} less in the bucket.`)
          if (left.error !== null) return print(`Backup ${id} is marked for deletion. ${plain(left.error)}`)
        }
        print(`Backup ${id} is marked for deletion. A worker deletes its objects as soon as it can.`)
      }),
    )
}
