import { type Command, Option } from 'commander'
import { listAuditEvents } from '#lib/audit/list-events.ts'
import { auditActions, auditOutcomes, auditQuerySchema } from '#lib/audit/schema.ts'
import { notEmpty, wholeNumber } from './arguments.ts'
import { withServices } from './attach.ts'
import { plain, print, printJson, timeText } from './output.ts'

interface Options {
  readonly who?: string
  readonly action?: string
  readonly outcome?: string
  readonly before?: number
  readonly json?: boolean
}

/** Which events: the filters of the page. */
export function withFilters(command: Command): Command {
  return command
    .option(
      '--who <who>',
      'only what they did: a whole e-mail address, an IP address, console, command line or an API token',
      notEmpty,
    )
    .addOption(new Option('--action <action>', 'only this').choices([...auditActions]))
    .addOption(new Option('--outcome <outcome>', 'only what ended so').choices([...auditOutcomes]))
}

export function addAuditList(audit: Command): void {
  withFilters(audit.command('list').description('List the audit log, newest first, 50 at a time.'))
    .option('--before <id>', 'continue after this event', wholeNumber)
    .option('--json', 'print as JSON: { events, nextBefore }')
    .addHelpText('after', '\nExit codes: 0 done, 2 bad usage, 3 no console is running.')
    .action(({ json, who, ...query }: Options) =>
      withServices(async ({ db }) => {
        const { rows, nextBefore } = await listAuditEvents(db, auditQuerySchema.parse({ ...query, actor: who }))
        if (json) return printJson({ events: rows, nextBefore })
        if (rows.length === 0) return print('There is no such event.')
        for (const { id, at, actor, address, action, outcome, subject, changes } of rows) {
          const by = address ? `${actor} (${address})` : actor
          print(`${id}  ${timeText(at)}  ${outcome.padEnd(9)}  ${action}  ${plain(by)}  ${plain(subject)}`)
          for (const [name, [before, after]] of Object.entries(changes))
            print(plain(`  ${name}: ${before ?? 'nothing'} → ${after ?? 'nothing'}`))
        }
        if (nextBefore) print(`More: add --before ${nextBefore}`)
      }),
    )
}
