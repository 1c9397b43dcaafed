import path from 'node:path'
import type { Command } from 'commander'
import { z } from 'zod'
import { startRestore } from '#lib/backup/start-restore.ts'
import { AppError } from '#lib/errors.ts'
import { withServices } from './attach.ts'
import { exitCodes } from './exit-codes.ts'
import { bytesText, plain, print, printError, printJson } from './output.ts'
import { waitForJob } from './wait-for-job.ts'

export function addBackupRestore(backup: Command): void {
  backup
    .command('restore')
    .description('Restore a backup into a new or empty folder, and wait until it is complete.')
    .argument('<id>', 'the backup’s ID, as byok backup list shows it')
    .requiredOption('--to <folder>', 'a folder that does not exist yet, or is empty')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExit codes: 0 complete, 1 failed or refused, 2 bad usage, 3 no console is running.')
    .action((backupId: string, options: { to: string; json?: boolean }) =>
      withServices(async (services) => {
        if (!z.uuid().safeParse(backupId).success)
          throw new AppError('not-found', `There is no backup “${plain(backupId)}”.`, {
            fix: 'byok backup list shows their IDs.',
          })
        const started = performance.now()
        const target = path.resolve(options.to)
        const id = await startRestore(services.backup, { backupId, target }, 'host', 'command line')
        await waitForJob(services, 'restore', id)
        const result = await services.db.restore.findUniqueOrThrow({
          where: { id },
          select: {
            id: true,
            backupId: true,
            target: true,
            state: true,
            error: true,
            files: true,
            bytes: true,
            warningCount: true,
            warnings: true,
          },
        })
        process.exitCode = result.state === 'complete' ? exitCodes.done : exitCodes.failed
        if (options.json) return printJson({ ...result, durationMs: Math.round(performance.now() - started) })
        if (result.state !== 'complete') return printError(`The restore failed: ${plain(result.error ?? '')}`)
        print(`Restored ${result.files} files, ${bytesText(Number(result.bytes ?? 0))}, to ${plain(result.target)}`)
        if (result.warningCount > 0)
          print(`! ${result.warningCount} warnings; the console’s page of the backup lists them.`)
      }),
    )
}
