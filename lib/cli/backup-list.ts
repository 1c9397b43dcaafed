import type { Command } from 'commander'
import { z } from 'zod'
import type { BackupRow } from '#lib/backup/schema.ts'
import { viewBackups } from '#lib/backup/view-backups.ts'
import { AppError } from '#lib/errors.ts'
import { withServices } from './attach.ts'
import { bytesText, count, plain, print, printJson, timeText } from './output.ts'

export function addBackupList(backup: Command): void {
  backup
    .command('list')
    .description('List backups, newest first, 50 at a time.')
    .option('--before <id>', 'continue after this backup')
    .option('--json', 'print as JSON: { backups, nextBefore }')
    .addHelpText('after', '\nExit codes: 0 done, 2 bad usage, 3 no console is running.')
    .action((options: { before?: string; json?: boolean }) =>
      withServices(async (services) => {
        if (options.before !== undefined && !z.uuid().safeParse(options.before).success) {
          throw new AppError('invalid', `“${plain(options.before)}” is not the ID of a backup.`)
        }
        const { rows, nextBefore } = await viewBackups(services.backup, { before: options.before })
        if (options.json) return printJson({ backups: rows, nextBefore })
        if (rows.length === 0) return print('There are no backups yet. Make one with: byok backup create FOLDER')
        const width = Math.max(...rows.map((row) => stateText(row).length))
        for (const row of rows) {
          const size = row.bytes === null ? '–' : bytesText(row.bytes)
          print(
            `${row.id}  ${timeText(row.createdAt)}  ${stateText(row).padEnd(width)}  ${size.padStart(10)}  ${plain(row.name)}`,
          )
        }
        if (nextBefore) print(`More: byok backup list --before ${nextBefore}`)
      }),
    )
}

function stateText({ state, damaged, waitingFor, warnings }: BackupRow): string {
  if (damaged) return 'damaged'
  if (state === 'waiting') return `waiting for ${waitingFor ?? 'key'}`
  return warnings > 0 ? `${state}, ${count(warnings, 'warning')}` : state
}
