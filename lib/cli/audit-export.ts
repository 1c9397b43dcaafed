import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Command, Option } from 'commander'
import { exportAudit } from '#lib/audit/export-audit.ts'
import { type AuditFilter, auditExportSchema, type ExportFormat, exportFormats } from '#lib/audit/schema.ts'
import { AppError } from '#lib/errors.ts'
import { aTime, notEmpty } from './arguments.ts'
import { withServices } from './attach.ts'
import { withFilters } from './audit-list.ts'
import { mustBeNew } from './named-file.ts'
import { print, printError, someoneReads } from './output.ts'

interface Options {
  readonly format: ExportFormat
  readonly who?: string
  readonly action?: string
  readonly outcome?: string
  readonly since?: Date
  readonly until?: Date
  readonly output?: string
}

export function addAuditExport(audit: Command): void {
  const command = audit
    .command('export')
    .description('Write the audit log, oldest first, with the numbers and hashes of its chain.')
    .addOption(
      new Option('--format <format>', 'a JSON object a line, or a table').choices([...exportFormats]).default('jsonl'),
    )
    .option('--since <time>', 'only what was then or later: 2026-01-31 or 2026-01-31T08:30:00Z', aTime)
    .option('--until <time>', 'only what was before', aTime)
    .option('-o, --output <file>', 'into a new file (default: standard output)', notEmpty)
  withFilters(command)
    .addHelpText(
      'after',
      '\nThat it was exported is an event of the log, at the end of what is exported. How the hashes are made: docs/audit.md.' +
        '\nExit codes: 0 done, 1 refused or not written to its end, 2 bad usage, 3 no console is running.',
    )
    .action(({ format, output, who, since, until, ...query }: Options) =>
      withServices(async ({ forJob }) => {
        const { format: _, ...named } = auditExportSchema.parse({ ...query, actor: who })
        const filter: AuditFilter = { ...named, since, until }
        if (output !== undefined) mustBeNew(output, what)
        const pieces = await exportAudit(forJob().db, { format, filter }, 'command line')
        if (output === undefined) return toStandardOutput(pieces)
        await toFile(pieces, output)
        printError(`Written to ${output}.`)
      }),
    )
}

const what = 'The audit log'

/** Under its name there is never a part of it. */
async function toFile(pieces: AsyncGenerator<string, void>, file: string): Promise<void> {
  const part = `${file}.${randomUUID()}.part`
  try {
    await pipeline(Readable.from(pieces), createWriteStream(part, { flags: 'wx', mode: 0o600, flush: true }))
    mustBeNew(file, what)
    await rename(part, file)
  } catch (cause) {
    await rm(part, { force: true }).catch(() => {})
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause
    throw new AppError('invalid', `${what} could not be written to ${file}: ${cause.message}.`, {
      cause,
      fix: 'Name a new file in a folder that you may write to, on a disk with room.',
    })
  }
}

async function toStandardOutput(pieces: AsyncGenerator<string, void>): Promise<void> {
  // On a terminal nothing in it acts; programs and files get it as it is.
  if (process.stdout.isTTY) {
    for await (const piece of pieces) if (piece) print(piece.trimEnd())
    return
  }
  await pipeline(Readable.from(pieces), process.stdout, { end: false }).catch((error: unknown) => {
    if (someoneReads()) throw error
  })
}
