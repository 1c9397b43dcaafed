import path from 'node:path'
import { type Command, Option } from 'commander'
import { z } from 'zod'
import { AppError } from '#lib/errors.ts'
import { addSchedule, changeSchedule } from '#lib/schedules/change-schedules.ts'
import { addScheduleSchema, timeWords, weekdays } from '#lib/schedules/schema.ts'
import { listSchedules } from '#lib/schedules/view-schedules.ts'
import { aSource, notEmpty, refusedInput, severalNotEmpty, wholeNumber } from './arguments.ts'
import { withServices } from './attach.ts'
import { plain, print, printJson, timeText } from './output.ts'

interface AddOptions {
  readonly daily?: boolean
  readonly weekly?: string
  readonly at: string
  readonly keep: number
  readonly name?: string
  readonly host?: string
  readonly include?: string[]
  readonly exclude?: string[]
}

const exits = '\nExit codes: 0 done, 1 refused, 2 bad usage, 3 no console is running.'

export function addBackupSchedule(backup: Command): void {
  const schedule = backup.command('schedule').description('Back up a folder daily or weekly, and keep the last ones.')
  schedule
    .command('add')
    .description('Add a schedule. Times are UTC.')
    .argument('<path>', 'the folder', aSource)
    .addOption(new Option('--daily', 'every day (the default)').conflicts('weekly'))
    .option('--weekly <weekday>', 'every week on that day, such as Monday')
    .option('--at <HH:MM>', 'when, in UTC', '02:00')
    .option('--keep <number>', 'how many complete backups are kept; older ones are deleted', wholeNumber, 7)
    .option('--name <name>', 'what to call it (default: the folder’s name)', notEmpty)
    .option('--host <name>', 'the host whose folder it is (default: this machine)', notEmpty)
    .option(
      '--include <pattern>',
      'only what it matches, as .gitignore writes patterns; once more for each further one',
      severalNotEmpty,
    )
    .option('--exclude <pattern>', 'leave out what it matches; once more for each further one', severalNotEmpty)
    .addHelpText('after', exits)
    .action((folder: string, options: AddOptions) =>
      withServices(async (services) => {
        const input = addScheduleSchema.safeParse({
          source: path.resolve(folder),
          host: options.host,
          name: options.name ?? '',
          every: options.weekly === undefined ? 'daily' : 'weekly',
          weekday: options.weekly === undefined ? null : weekdayOf(options.weekly),
          at: options.at,
          keep: options.keep,
          include: options.include,
          exclude: options.exclude,
        })
        if (!input.success) throw refusedInput(input.error, 'source')
        const { id } = await addSchedule(services.backup, input.data, 'host', 'command line')
        const [row] = await listSchedules(services.backup, [id])
        if (row)
          print(
            `Schedule ${id}: ${timeWords(row)}, keeping the last ${row.keep}. First run ${timeText(row.nextRunAt)}.`,
          )
      }),
    )
  schedule
    .command('list')
    .description('List schedules.')
    .option('--json', 'print as JSON')
    .addHelpText('after', exits)
    .action((options: { json?: boolean }) =>
      withServices(async (services) => {
        const rows = await listSchedules(services.backup)
        if (options.json) return printJson(rows)
        if (rows.length === 0) return print('There are no schedules. Add one with: byok backup schedule add FOLDER')
        for (const row of rows) {
          const next = row.enabled ? `next ${timeText(row.nextRunAt)}` : 'paused'
          const worker = row.served ? '' : `, no worker of ${plain(row.host)} is running`
          const skipped = row.skipped === null ? '' : `, last run not started: ${plain(row.skipped)}`
          print(
            `${row.id}  ${timeWords(row)}, ${next}, ${row.kept} of ${row.keep} kept${worker}${skipped}  ${plain(row.name)}: ${plain(row.source)}`,
          )
        }
      }),
    )
  for (const [change, done, description] of [
    ['run', 'due now: a worker of its host starts it within seconds', 'Make its backup now, whatever its time.'],
    ['remove', 'removed; its backups stay', 'Remove a schedule. Its backups stay.'],
    ['pause', 'paused', 'Pause a schedule: nothing runs until it is resumed.'],
    ['resume', 'resumed', 'Resume a paused schedule, with its next time.'],
  ] as const)
    schedule
      .command(change)
      .description(description)
      .argument('<id>', 'the schedule’s ID, as byok backup schedule list shows it')
      .addHelpText('after', exits)
      .action((id: string) =>
        withServices(async (services) => {
          if (!z.uuid().safeParse(id).success)
            throw new AppError('not-found', `There is no schedule “${plain(id)}”.`, {
              fix: 'byok backup schedule list shows their IDs.',
            })
          await changeSchedule(services.backup, id, change, 'command line')
          print(`Schedule ${id} is ${done}.`)
        }),
      )
}

/** Also shortened: `mon`. */
function weekdayOf(text: string): number {
  const found = weekdays.findIndex((day) => text.length >= 2 && day.toLowerCase().startsWith(text.toLowerCase()))
  if (found >= 0) return found
  throw new AppError('invalid', `“${plain(text)}” is not a day of the week.`, { fix: `Write ${weekdays.join(', ')}.` })
}
