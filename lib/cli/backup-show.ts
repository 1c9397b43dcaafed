import type { Command } from 'commander'
import type { BackupDetail, RestoreRow, VerificationRow, Warning } from '#lib/backup/schema.ts'
import { viewBackup } from '#lib/backup/view-backups.ts'
import { AppError } from '#lib/errors.ts'
import { withServices } from './attach.ts'
import { stateText } from './backup-list.ts'
import { mustBeId } from './backup-restore.ts'
import { bytesText, count, plain, print, printJson, timeText } from './output.ts'
import { printKeyTroubles } from './print-key-troubles.ts'

export function addBackupShow(backup: Command): void {
  backup
    .command('show')
    .description('One backup: its state and why, what it holds, its warnings, and its last restores and verifications.')
    .argument('<id>', 'the backup’s ID, as byok backup list shows it')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExit codes: 0 shown, 1 there is no such backup, 2 bad usage, 3 no console is running.')
    .action((id: string, options: { json?: boolean }) =>
      withServices(async (services) => {
        mustBeId(id)
        const view = await viewBackup(services.backup, id)
        if (!view)
          throw new AppError('not-found', `There is no backup ${id}.`, { fix: 'byok backup list shows their IDs.' })
        if (options.json) {
          const { restoreRoot: _, ...shown } = view
          return printJson(shown)
        }
        print(`${view.id}  ${plain(view.name)}`)
        for (const [label, value] of factsOf(view)) print(`  ${label.padEnd(10)}  ${plain(value)}`)
        printKeyTroubles(view)
        showWarnings(view.warningList, view.warnings)
        for (const restore of view.restores) showRestore(restore)
        for (const verification of view.verifications) showVerification(verification)
      }),
    )
}

function factsOf(view: BackupDetail): [label: string, value: string][] {
  const { files, bytes, bytesStored, createdAt, createdBy, finishedAt } = view
  const held = files === null ? '' : `${count(files, 'file')}, ${bytesText(bytes ?? 0)}, `
  return [
    ['State', stateText(view)],
    ...(view.error ? [['Why', view.error] as [string, string]] : []),
    ['Source', `${view.source}${view.host ? ` on ${view.host}` : ''}`],
    ['Begun', `${timeText(createdAt)} by ${createdBy}`],
    ...(finishedAt ? [['Ended', timeText(finishedAt)] as [string, string]] : []),
    ...(bytesStored === null ? [] : [['Holds', `${held}${bytesText(bytesStored)} stored`] as [string, string]]),
    ['Method', view.method],
    ...view.keyArns.map((arn): [string, string] => ['Key', arn]),
    ['Bucket', `s3://${view.bucket}${view.prefix && `/${view.prefix}`} in ${view.region}`],
    // With these byok recover and docs/recovery.md open it without this console.
    ['Of', `environment ${view.environment}, installation ${view.installation}`],
  ]
}

function showRestore({ id, state, target, host, createdAt, files, error, warnings, warningList }: RestoreRow): void {
  const what = files === null ? '' : `, ${count(files, 'file')}`
  print(
    `Restore ${id}  ${timeText(createdAt)}  ${state}${what}  to ${plain(target)}${host ? ` on ${plain(host)}` : ''}`,
  )
  if (error) print(`  ${plain(error)}`)
  showWarnings(warningList, warnings)
}

function showVerification({ id, depth, state, createdAt, error, problems, problemCount }: VerificationRow): void {
  const found = state !== 'complete' ? state : problemCount > 0 ? count(problemCount, 'problem') : 'whole'
  print(`Verification ${id}  ${timeText(createdAt)}  ${depth}, ${found}`)
  if (error) print(`  ${plain(error)}`)
  for (const { object, message } of problems) print(`  ! ${plain(object)}: ${plain(message)}`)
  if (problemCount > problems.length) print(`  ! and ${count(problemCount - problems.length, 'more problem')}`)
}

function showWarnings(warnings: readonly Warning[], all: number): void {
  for (const { path, message } of warnings) print(`  ! ${plain(path)}: ${plain(message)}`)
  if (all > warnings.length) print(`  ! and ${count(all - warnings.length, 'more warning')}`)
}
