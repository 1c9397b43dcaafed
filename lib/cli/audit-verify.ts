import { type Command, InvalidArgumentError } from 'commander'
import type { ChainEnd } from '#lib/audit/chain.ts'
import { verifyAudit } from '#lib/audit/verify-audit.ts'
import { withServices } from './attach.ts'
import { exitCodes } from './exit-codes.ts'
import { count, numberText, plain, print, printError, printJson, timeText } from './output.ts'

export function addAuditVerify(audit: Command): void {
  audit
    .command('verify')
    .description(
      'Go through the whole audit log: was an event changed, removed, inserted or moved since it was written?',
    )
    .option(
      '--head <number:hash>',
      'an end of the log that you kept elsewhere, from the worker’s log or an earlier run of this command; once more for each further one',
      aHead,
    )
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nWhat it proves and what not: docs/audit.md.' +
        '\nExit codes: 0 in order, 1 it is not: the first event that is wrong is named, 2 bad usage, 3 no console is running, 4 the console is sealed.',
    )
    .action(({ head: outside = [], json }: { head?: ChainEnd[]; json?: boolean }) =>
      withServices(async ({ forJob }) => {
        const verdict = await verifyAudit(forJob(), outside)
        const { inOrder, since, head, signed, fault } = verdict
        if (fault !== null) process.exitCode = exitCodes.failed
        if (json) return printJson(verdict)
        if (fault !== null) {
          printError(`✗ ${plain(fault)}`)
          printError('Keep this database as it is, with a copy of it, and find out who changed it: docs/audit.md.')
        }
        const entries = Number(inOrder)
        if (since === null || head === null)
          return print(fault === null ? 'The audit log is empty.' : 'No event before it.')
        print(
          fault === null
            ? `${count(entries, 'event')} in order, since ${timeText(since)}.`
            : `Before it: ${count(entries, 'event')} in order, since ${timeText(since)}.`,
        )
        if (fault !== null) return
        if (signed === null)
          printError('! No head was signed yet: a worker signs one every five minutes while it runs.')
        else print(`Signed up to event ${numberText(Number(signed.number))}, on ${timeText(signed.at)}: it fits.`)
        if (outside.length > 0) print(`${count(outside.length, 'given head')}: fits.`)
        print(`Head, to be kept elsewhere: ${head.number}:${head.hash}`)
      }),
    )
}

function aHead(text: string, before: ChainEnd[] = []): ChainEnd[] {
  const [, number, hash] = /^([1-9]\d{0,17}):([0-9a-f]{64})$/i.exec(text) ?? []
  if (number === undefined || hash === undefined)
    throw new InvalidArgumentError('It is not a number, a colon, and 64 hexadecimal digits.')
  return [...before, { number: BigInt(number), hash: hash.toLowerCase() }]
}
