import path from 'node:path'
import { type Command, Option } from 'commander'
import { z } from 'zod'
import { overwrites } from '#lib/archive/overwrite.ts'
import { BrowsedBackups } from '#lib/backup/browse-cache.ts'
import { previewRestore } from '#lib/backup/preview-restore.ts'
import { keptIn } from '#lib/backup/progress-schema.ts'
import { startRestoreSchema } from '#lib/backup/schema.ts'
import { placeRestore, type RestoreWish, startRestore } from '#lib/backup/start-restore.ts'
import { AppError } from '#lib/errors.ts'
import { calledFor } from '#lib/kms-calls/called-for.ts'
import type { Services } from '#lib/services.ts'
import { aTarget, refusedInput, severalNotEmpty } from './arguments.ts'
import { withServices } from './attach.ts'
import { exitCodes } from './exit-codes.ts'
import { bytesText, count, plain, print, printError, printJson, someoneReads } from './output.ts'
import { restorePreview } from './print-preview.ts'
import { afterInterrupt, waitForJob } from './wait-for-job.ts'

interface Options {
  readonly to: string
  readonly overwrite?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

export function addBackupRestore(backup: Command): void {
  backup
    .command('restore')
    .description('Restore a backup, or some of it, into a folder, and wait until it is complete.')
    .argument('<id>', 'the backup’s ID, as byok backup list shows it')
    .argument(
      '[paths...]',
      'what to restore: paths (with all below them), or patterns as .gitignore writes them; everything unless named',
      severalNotEmpty,
    )
    .requiredOption('--to <folder>', 'a folder that does not exist yet, or is empty', aTarget)
    .addOption(
      new Option('--overwrite <which>', 'restore into a folder that has files, and replace these').choices([
        ...overwrites,
      ]),
    )
    .option(
      '--dry-run',
      'show what would be written, replaced and kept; reads the list of files, with the backup’s key',
    )
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Paths count from the backup’s top, as byok backup files shows them. What holds * ? or [ is a pattern; quote it for your
shell. A path or pattern behind ! is left out.

  byok backup restore ID --to ./restored docs '*.pdf' '!drafts/'

Exit codes: 0 complete, 1 failed or refused, 2 bad usage, 3 no console is running.`,
    )
    .action((backupId: string, wanted: readonly string[], options: Options) =>
      withServices(async (services) => {
        mustBeId(backupId)
        const started = performance.now()
        const target = path.resolve(options.to)
        const wish = startRestoreSchema.safeParse({ backupId, target, paths: wanted, overwrite: options.overwrite })
        if (!wish.success) throw refusedInput(wish.error, 'paths')
        if (options.dryRun) return preview(services, { ...wish.data, target }, options.json)
        // The form takes white space off its end; here it was named so.
        const id = await startRestore(services.backup, { ...wish.data, target }, 'host', 'command line')
        await waitForJob(services, 'restore', id, afterInterrupt('restore', id, backupId))
        const { progress, ...result } = await services.db.restore.findUniqueOrThrow({
          where: { id },
          select: {
            id: true,
            backupId: true,
            target: true,
            paths: true,
            overwrite: true,
            state: true,
            error: true,
            files: true,
            bytes: true,
            warningCount: true,
            warnings: true,
            progress: true,
          },
        })
        process.exitCode = result.state === 'complete' ? exitCodes.done : exitCodes.failed
        const kept = keptIn(progress)
        if (options.json) return printJson({ ...result, kept, durationMs: Math.round(performance.now() - started) })
        if (result.state === 'cancelled') return printError('The restore was cancelled.')
        if (result.state !== 'complete') return printError(`The restore ${result.state}: ${plain(result.error ?? '')}`)
        print(
          `Restored ${count(result.files ?? 0, 'file')}, ${bytesText(Number(result.bytes ?? 0))}, to ${plain(result.target)}`,
        )
        if (kept > 0) print(`Kept ${count(kept, 'file or link', 'files and links')} that were there already`)
        const warnings = z.array(z.object({ path: z.string(), message: z.string() })).parse(result.warnings)
        for (const warning of warnings.slice(0, 20)) print(`! ${plain(warning.path)}: ${plain(warning.message)}`)
        if (result.warningCount > 20) print(`! and ${count(result.warningCount - 20, 'more warning')}`)
      }),
    )
}

async function preview({ backup: context }: Services, wish: RestoreWish, json?: boolean): Promise<void> {
  const { folder } = await placeRestore(context, wish, 'host')
  const browsed = new BrowsedBackups(calledFor(context, 'browse'))
  const { backup, release } = await browsed.open(wish.backupId)
  try {
    const shown = restorePreview({ backup: wish.backupId, target: folder }, json)
    const { paths = [], overwrite } = wish
    const draft = overwrite === undefined
    shown.end(
      await previewRestore({ backup, target: folder, paths, overwrite, draft, goOn: someoneReads }, shown.onItem),
    )
  } finally {
    release()
    browsed.close()
  }
}

/** @throws AppError `not-found` for what no backup can be called */
export function mustBeId(id: string): void {
  if (!z.uuid().safeParse(id).success)
    throw new AppError('not-found', `There is no backup “${plain(id)}”.`, { fix: 'byok backup list shows their IDs.' })
}
