import { type Command, Option } from 'commander'
import { type BackupQuery, type BackupRow, backupFilters } from '#lib/backup/schema.ts'
import { viewBackups } from '#lib/backup/view-backups.ts'
import { anId, notEmpty } from './arguments.ts'
import { withServices } from './attach.ts'
import { bytesText, count, plain, print, printJson, timeText } from './output.ts'

type Options = BackupQuery & { readonly json?: boolean }

export function addBackupList(backup: Command): void {
  backup
    .command('list')
    .description('List backups, newest first, 50 at a time.')
    .addOption(new Option('--state <state>', 'only those in this state').choices([...backupFilters]))
    .option('--text <text>', 'only those with it in their name or source, or with this key ARN', notEmpty)
    .option('--before <id>', 'continue after this backup', anId)
    .option('--json', 'print as JSON: { backups, nextBefore }')
    .addHelpText(
      'after',
      '\nWhy one failed, its warnings and restores: byok backup show ID.' +
        '\nExit codes: 0 done, 2 bad usage, 3 no console is running.',
    )
    .action(({ json, ...query }: Options) =>
      withServices(async (services) => {
        const { rows, nextBefore, hasBackups } = await viewBackups(services.backup, query)
        if (json) return printJson({ backups: rows, nextBefore })
        if (!hasBackups) return print('There are no backups yet. Make one with: byok backup create FOLDER')
        if (rows.length === 0) return print('There is no such backup.')
        const width = Math.max(...rows.map((row) => stateText(row).length))
        for (const row of rows) {
          const size = row.bytes === null ? '–' : bytesText(row.bytes)
          print(
            `${row.id}  ${timeText(row.createdAt)}  ${stateText(row).padEnd(width)}  ${size.padStart(10)}  ${plain(row.name)}`,
          )
        }
        if (nextBefore) print(`More: add --before ${nextBefore}`)
      }),
    )
}

/** `complete, 2 warnings` */
export function stateText({ state, damaged, locked, waitingFor, warnings }: BackupRow): string {
  if (damaged) return 'damaged'
  if (locked) return 'complete, cannot be opened'
  if (state === 'waiting') return `waiting for ${waitingFor ?? 'key'}`
  return warnings > 0 ? `${state}, ${count(warnings, 'warning')}` : state
}
