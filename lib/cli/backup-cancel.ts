import type { Command } from 'commander'
import { cancelBackup, cancelRestore } from '#lib/backup/cancel-job.ts'
import { AppError } from '#lib/errors.ts'
import { withServices } from './attach.ts'
import { mustBeId } from './backup-restore.ts'
import { print } from './output.ts'
import { waitForJob } from './wait-for-job.ts'

export function addBackupCancel(backup: Command): void {
  backup
    .command('cancel')
    .description('Cancel a backup, or a restore, that has not ended yet. What it stored is deleted.')
    .argument('<id>', 'the ID of the backup or restore')
    .addHelpText('after', '\nExit codes: 0 cancelled, 1 it had ended already, 2 bad usage, 3 no console is running.')
    .action((id: string) =>
      withServices(async (services) => {
        mustBeId(id)
        const restore = await services.db.restore.findUnique({ where: { id }, select: { id: true } })
        const kind = restore ? 'restore' : 'backup'
        const result = await (restore ? cancelRestore : cancelBackup)(services.backup, id, 'command line')
        const asked = `The ${kind} ${id} ends all the same, as soon as its worker sees it.`
        const state = result === 'cancelled' ? result : (await waitForJob(services, kind, id, asked)).state
        if (state !== 'cancelled') throw new AppError('conflict', `The ${kind} had ended by then: it is ${state}.`)
        print(`The ${kind} ${id} is cancelled.`)
      }),
    )
}
