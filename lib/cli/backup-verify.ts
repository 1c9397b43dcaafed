import type { Command } from 'commander'
import { damageAdvice } from '#lib/backup/schema.ts'
import { startVerification } from '#lib/backup/start-verification.ts'
import { viewVerification } from '#lib/backup/view-verification.ts'
import { AppError } from '#lib/errors.ts'
import { withServices } from './attach.ts'
import { mustBeId } from './backup-restore.ts'
import { exitCodes } from './exit-codes.ts'
import { bytesText, count, plain, print, printError, printJson } from './output.ts'
import { afterInterrupt, waitForJob } from './wait-for-job.ts'

export function addBackupVerify(backup: Command): void {
  backup
    .command('verify')
    .description('Look whether a backup is whole, and wait for the result.')
    .argument('<id>', 'the backup’s ID, as byok backup list shows it')
    .option('--full', 'fetch, decrypt and hash every byte, instead of asking the bucket for sizes and checksums')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nWhile the key or the bucket cannot be reached, it waits and goes on by itself, also when this command is stopped.' +
        '\nExit codes: 0 whole, 1 something is wrong with it or nothing could be said, 2 bad usage, 3 no console is running.',
    )
    .action((backupId: string, options: { full?: boolean; json?: boolean }) =>
      withServices(async (services) => {
        mustBeId(backupId)
        const started = performance.now()
        const depth = options.full ? 'full' : 'quick'
        const id = await startVerification(services.backup, { backupId, depth }, 'command line')
        await waitForJob(services, 'verification', id, afterInterrupt('verification', id, backupId))
        const result = await viewVerification(services.backup, id)
        if (!result) throw new AppError('not-found', `Backup ${backupId} is gone.`)
        const whole = result.state === 'complete' && result.problemCount === 0
        process.exitCode = whole ? exitCodes.done : exitCodes.failed
        if (options.json) return printJson({ backupId, ...result, durationMs: Math.round(performance.now() - started) })
        if (result.state !== 'complete') return printError(`It could not be verified: ${plain(result.error ?? '')}`)
        if (whole)
          return print(
            `Backup ${backupId} is whole: ${count(result.objects ?? 0, 'object')}, ${bytesText(result.bytes ?? 0)} unpacked${depth === 'full' ? ', every byte read' : '. Its data was not read: --full reads every byte'}.`,
          )
        printError(`Backup ${backupId} is damaged: ${count(result.problemCount, 'problem')}.`)
        for (const { object, message } of result.problems) printError(`! ${plain(object)}: ${plain(message)}`)
        if (result.problemCount > result.problems.length)
          printError(`! and ${result.problemCount - result.problems.length} more`)
        printError(damageAdvice)
      }),
    )
}
