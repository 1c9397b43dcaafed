import { hostname } from 'node:os'
import path from 'node:path'
import type { Command } from 'commander'
import { previewBackup } from '#lib/backup/preview-backup.ts'
import { receiveBackup } from '#lib/backup/receive-backup.ts'
import { type BackupDetail, startBackupSchema } from '#lib/backup/schema.ts'
import { placeBackup, startBackup } from '#lib/backup/start-backup.ts'
import { viewBackup } from '#lib/backup/view-backups.ts'
import { AppError } from '#lib/errors.ts'
import type { Services } from '#lib/services.ts'
import { putQuerySchema } from '#lib/upload/schema.ts'
import { aSource, notEmpty, refusedInput, severalNotEmpty } from './arguments.ts'
import { withServices } from './attach.ts'
import { exitCodes } from './exit-codes.ts'
import { bytesText, count, plain, print, printError, printJson, progressLine, someoneReads } from './output.ts'
import { printKeyTroubles } from './print-key-troubles.ts'
import { backupPreview } from './print-preview.ts'
import { afterInterrupt, waitForJob } from './wait-for-job.ts'

interface Options {
  readonly name?: string
  readonly path?: string
  readonly include?: string[]
  readonly exclude?: string[]
  readonly host?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

export function addBackupCreate(backup: Command): void {
  backup
    .command('create')
    .description('Back up a folder, a file or standard input into the saved backup environment, and wait for it.')
    .argument('<source>', 'the folder or file; - for standard input', aSource)
    .option('--name <name>', 'what to call it (default: the source’s name)', notEmpty)
    .option('--path <name>', 'with -: what the file is called in the backup (default: stdin)', notEmpty)
    .option(
      '--include <pattern>',
      'of a folder, only what it matches, as .gitignore writes patterns; once more for each further one',
      severalNotEmpty,
    )
    .option('--exclude <pattern>', 'of a folder, not what it matches; once more for each further one', severalNotEmpty)
    .option('--host <name>', 'whose folder it is, with workers on several machines', notEmpty)
    .option('--dry-run', 'show what would be backed up and what not, and ask neither key nor bucket')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
  pg_dump app | byok backup create - --name app --path app.sql

Exit codes: 0 complete, 1 failed or refused, 2 bad usage, 3 no console is running.
Ctrl-C stops waiting, and the backup goes on in the console; one of standard input ends with it.`,
    )
    .action((source: string, options: Options, command: Command) => {
      const { include, exclude, host, path: inside } = options
      if (source === '-' && (include ?? exclude ?? host) !== undefined)
        command.error('error: --include, --exclude and --host are of a folder, and - is standard input', {
          code: 'create.input',
        })
      if (source !== '-' && inside !== undefined)
        command.error('error: --path goes with -, which is standard input', { code: 'create.path' })
      if (source === '-' && options.dryRun)
        command.error('error: --dry-run is of a folder or a file, and - is standard input', { code: 'create.dry-run' })
      if (options.dryRun) return withServices((services) => preview(services, source, options))
      return withServices(async (services) => {
        const started = performance.now()
        const result = source === '-' ? await fromInput(services, options) : await fromDisk(services, source, options)
        process.exitCode = result.state === 'complete' ? exitCodes.done : exitCodes.failed
        if (options.json) {
          const { restores: _, ...shown } = result
          return printJson({ ...shown, durationMs: Math.round(performance.now() - started) })
        }
        const { id } = result
        if (result.state !== 'complete') {
          const why = result.error ? `: ${plain(result.error)}` : '.'
          return printError(`Backup ${id} ${result.state === 'failed' ? 'failed' : `is ${result.state}`}${why}`)
        }
        const warned = result.warnings > 0 ? `, with ${count(result.warnings, 'warning')}` : ''
        print(
          `Backup ${id} is complete${warned}: ${count(result.files ?? 0, 'file')}, ${bytesText(result.bytes ?? 0)}, ${bytesText(result.bytesStored ?? 0)} stored.`,
        )
        print(result.keyArns.length > 0 ? `Protected by ${result.keyArns.join(', ')}` : `Method: ${result.method}`)
        printKeyTroubles(result)
        for (const warning of result.warningList) print(`! ${plain(warning.path)}: ${plain(warning.message)}`)
        if (result.warnings > result.warningList.length)
          print(`! and ${count(result.warnings - result.warningList.length, 'more warning')}`)
      })
    })
}

function wishOf(source: string, { name = '', include, exclude, host }: Options) {
  const wish = startBackupSchema.safeParse({ source: path.resolve(source), name, include, exclude, host })
  if (!wish.success) throw refusedInput(wish.error, 'source')
  return wish.data
}

/** In this very process: a folder of another machine is looked at there. */
async function preview({ backup }: Services, source: string, options: Options): Promise<void> {
  const { include, exclude, ...wish } = wishOf(source, options)
  const { kind, folder, host } = await placeBackup(backup, { include, exclude, ...wish }, 'host')
  if (host !== hostname())
    throw new AppError('invalid', `${folder} is a folder of ${host}.`, { fix: 'Start the dry run on that machine.' })
  const shown = backupPreview({ source: folder, host }, options.json)
  const place = kind === 'file' ? { kind, path: folder } : { kind, path: folder, include, exclude }
  shown.end(await previewBackup(place, shown.onItem, someoneReads))
}

async function fromDisk(services: Services, source: string, options: Options): Promise<BackupDetail> {
  const id = await startBackup(services.backup, wishOf(source, options), 'host', 'command line')
  await waitForJob(services, 'backup', id, afterInterrupt('backup', id, id))
  const result = await viewBackup(services.backup, id)
  if (!result) throw new AppError('not-found', `Backup ${id} is gone.`)
  return result
}

/** Runs in this very process: nobody else can read its standard input. */
async function fromInput({ forJob }: Services, options: Options): Promise<BackupDetail> {
  const wish = putQuerySchema.safeParse({ name: options.name ?? 'Standard input', path: options.path ?? 'stdin' })
  if (!wish.success) throw refusedInput(wish.error)
  if (process.stdin.isTTY) printError('Reading from the terminal until Ctrl-D.')
  const line = progressLine()
  const started = performance.now()
  let read = 0
  let shown = 0
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for await (const piece of process.stdin) {
      read += piece.length
      const now = performance.now()
      if (now - shown >= 200) {
        shown = now
        line.show(`${bytesText(read)}, ${bytesText((read / Math.max(1, now - started)) * 1000)}/s`)
      }
      yield piece
    }
  }
  const stopping = new AbortController()
  const stop = () =>
    stopping.abort(
      new AppError('unavailable', 'It was stopped before all had been read.', {
        fix: 'Nothing of it was kept: send it again.',
      }),
    )
  // Not `once`: a Ctrl-C comes from the terminal and from bin/bootstrap.mjs, and the second would cut the end short.
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  const { name, path: inside } = wish.data
  const received = { name, from: 'Standard input', actor: 'command line' }
  try {
    const input = { kind: 'stream', name: inside, bytes: bytes() } as const
    return await receiveBackup(forJob(), received, input, stopping.signal)
  } finally {
    line.clear()
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
  }
}
