import path from 'node:path'
import type { Command } from 'commander'
import { startBackup } from '#lib/backup/start-backup.ts'
import { viewBackup } from '#lib/backup/view-backups.ts'
import { AppError } from '#lib/errors.ts'
import { withServices } from './attach.ts'
import { exitCodes } from './exit-codes.ts'
import { bytesText, plain, print, printError, printJson } from './output.ts'
import { waitForJob } from './wait-for-job.ts'

export function addBackupCreate(backup: Command): void {
  backup
    .command('create')
    .description('Back up a folder into the saved backup environment, and wait until it is complete.')
    .argument('<path>', 'the folder')
    .option('--name <name>', 'what to call it (default: the folder’s name)')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExit codes: 0 complete, 1 failed or refused, 2 bad usage, 3 no console is running.\nCtrl-C stops waiting; the backup itself goes on in the console.',
    )
    .action((folder: string, options: { name?: string; json?: boolean }) =>
      withServices(async (services) => {
        const started = performance.now()
        const source = path.resolve(folder)
        const id = await startBackup(services.backup, { source, name: options.name ?? '' }, 'host', 'command line')
        await waitForJob(services, 'backup', id)
        const result = await viewBackup(services.backup, id)
        if (!result) throw new AppError('not-found', `Backup ${id} is gone.`)
        process.exitCode = result.state === 'complete' ? exitCodes.done : exitCodes.failed
        if (options.json) {
          const { restores: _, ...shown } = result
          return printJson({ ...shown, durationMs: Math.round(performance.now() - started) })
        }
        if (result.state !== 'complete') return printError(`Backup ${id} failed: ${plain(result.error ?? '')}`)
        print(
          `Backup ${id} is complete: ${result.files} files, ${bytesText(result.bytes ?? 0)}, ${bytesText(result.bytesStored ?? 0)} stored.`,
        )
        print(result.keyArns.length > 0 ? `Protected by ${result.keyArns.join(', ')}` : `Method: ${result.method}`)
        for (const warning of result.warningList) print(`! ${plain(warning.path)}: ${plain(warning.message)}`)
        if (result.warnings > result.warningList.length)
          print(`! and ${result.warnings - result.warningList.length} more warnings`)
      }),
    )
}
