import type { Command } from 'commander'
import { AppError } from '#lib/errors.ts'
import { previewRewrap, rewrapBackups } from '#lib/rewrap/rewrap-backups.ts'
import { withServices } from './attach.ts'
import { exitCodes } from './exit-codes.ts'
import { bytesText, plain, print, printError, printJson, progressLine } from './output.ts'

interface Options {
  from?: string
  to?: string
  dryRun?: boolean
  json?: boolean
}

export function addKeyRewrap(key: Command): void {
  key
    .command('rewrap')
    .description(
      'Exchange the key of existing backups without moving their data. Only their envelopes are written anew.',
    )
    .option('--from <key>', 'key ARN, or a root key’s ID; without it the new key is added to backups that lack it')
    .option('--to <key>', 'key ARN, or AES-256 for the console’s own root key; without it the old key is only removed')
    .option('--dry-run', 'only say what it would do')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nMay be stopped with Ctrl-C and run again: it goes on with what is left.\nExit codes: 0 all done, 1 some could not be opened, 2 bad usage, 3 no console is running.',
    )
    .action(async ({ from, to, dryRun, json }: Options) => {
      for (const arn of [from, to])
        if (arn !== undefined && arn !== 'AES-256' && !/^arn:[a-z-]+:kms:[^:]+:\d{12}:key\/.+|^root-key\//.test(arn))
          throw new AppError('invalid', `“${arn}” is not a key ARN.`, {
            fix: 'byok key list shows those that backups name; an alias can point elsewhere tomorrow.',
          })
      await withServices(async ({ backup }) => {
        const preview = await previewRewrap(backup, { from, to })
        if (dryRun) {
          if (json) printJson(preview)
          else
            print(
              `${preview.backups} backups, ${bytesText(preview.bytes)}: only their envelopes would be written anew.`,
            )
          return
        }
        const stop = new AbortController()
        process.once('SIGINT', () => stop.abort(new AppError('unavailable', 'Stopped. Run it again to go on.')))
        const line = progressLine()
        const result = await rewrapBackups(
          backup,
          { from, to },
          {
            actor: 'command line',
            signal: stop.signal,
            onProgress: (done, total) => line.show(`${done} of ${total} backups`),
          },
        ).finally(() => line.clear())
        if (json) printJson(result)
        else {
          print(`${result.exchanged} of ${result.total} backups were given the new keys.`)
          for (const { id, name, message } of result.failures) printError(`${id} (${plain(name)}): ${plain(message)}`)
        }
        if (result.failed > 0) process.exitCode = exitCodes.failed
      })
    })
}
