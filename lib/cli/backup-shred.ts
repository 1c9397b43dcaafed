import { createInterface } from 'node:readline/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { checkAdministrator } from '#lib/auth/check-password.ts'
import { remedyLines } from '#lib/aws/fixes/remedy-lines.ts'
import { AppError } from '#lib/errors.ts'
import type { Services } from '#lib/services.ts'
import { type ShredPreview, shredSelectionSchema, waitHours } from '#lib/shred/schema.ts'
import { previewShred } from '#lib/shred/select-backups.ts'
import { signingKey } from '#lib/shred/signing-key.ts'
import { startShred } from '#lib/shred/start-shred.ts'
import { undoShred } from '#lib/shred/undo-shred.ts'
import { certificateOf, listShreds, viewShred } from '#lib/shred/view-shreds.ts'
import { withServices } from './attach.ts'
import { exitCodes } from './exit-codes.ts'
import { writeNewFile } from './named-file.ts'
import { bytesText, count, plain, print, printError, printJson, timeText } from './output.ts'
import { readSecrets } from './read-secret.ts'

const codes = '\nExit codes: 0 done, 1 refused or failed, 2 bad usage, 3 no console is running.'

export function addBackupShred(backup: Command): void {
  const shred = backup
    .command('shred')
    .description('Make backups unreadable for good by destroying every wrap of their keys, after a waiting time.')
  addStart(shred)
  shred
    .command('list')
    .description('Requests: those that wait or are under way first.')
    .option('--json', 'print as JSON: { requests }')
    .addHelpText('after', codes)
    .action((options: { json?: boolean }) =>
      withServices(async ({ db }) => {
        const requests = await listShreds(db)
        if (options.json) return printJson({ requests })
        if (requests.length === 0) return print('Nothing was ever asked to be shredded.')
        for (const { id, state, backups, destroyed, dueAt, name } of requests)
          print(
            `${id}  ${state.padEnd(8)}  due ${timeText(dueAt)}  ${destroyed} of ${backups} shredded  ${plain(name)}`,
          )
      }),
    )
  shred
    .command('show')
    .description('One request, with what stands in the way of each backup.')
    .argument('<id>', 'the request’s ID')
    .option('--json', 'print as JSON')
    .addHelpText('after', codes)
    .action((id: string, options: { json?: boolean }) =>
      withServices(async ({ db }) => {
        const view = await viewShred(db, id)
        if (!view) throw noRequest(id)
        if (options.json) return printJson(view)
        print(`${plain(view.name)}: ${view.state}, due ${timeText(view.dueAt)}, asked for by ${plain(view.createdBy)}.`)
        print(`${view.destroyed} of ${count(view.backups, 'backup')} shredded.`)
        for (const { backupId, name, state, error } of view.items)
          print(`  ${backupId}  ${state}  ${plain(name)}${error ? `: ${plain(error)}` : ''}`)
        for (const line of remedyLines(view.remedies)) print(plain(line))
      }),
    )
  shred
    .command('undo')
    .description('Undo a request before it is due.')
    .argument('<id>', 'the request’s ID')
    .addHelpText('after', codes)
    .action((id: string) =>
      withServices(async ({ db }) => {
        if (!(await viewShred(db, id))) throw noRequest(id)
        await undoShred(db, id, 'command line')
        print('Undone: nothing of it is done.')
      }),
    )
  shred
    .command('certificate')
    .description('The signed certificate of what can no longer be read, and on what that rests.')
    .argument('<id>', 'the request’s ID')
    .option('--out <file>', 'where to write it; must not exist')
    .addHelpText('after', `\nVerify it with byok shred verify.${codes}`)
    .action((id: string, options: { out?: string }) =>
      withServices(async ({ db }) => {
        const text = await certificateOf(db, id)
        if (text === undefined)
          throw new AppError(
            'not-found',
            'There is no certificate: no such request, or nothing of it is shredded yet.',
            {
              fix: 'byok backup shred list says how far each is.',
            },
          )
        if (options.out === undefined) process.stdout.write(text)
        else {
          writeNewFile(options.out, text, 'The certificate')
          print(`Written to ${options.out}.`)
        }
      }),
    )
  shred
    .command('key')
    .description('The public key that certificates of this installation are signed with, and its fingerprint.')
    .addHelpText('after', codes)
    .action(() =>
      withServices(async ({ backup: context }) => {
        const { pem, fingerprint } = await signingKey(context)
        print(`${pem}SHA-256 of it in DER: ${fingerprint}`)
      }),
    )
}

interface StartOptions {
  user?: string
  schedule?: string
  key?: string
  before?: string
  wait: number
  reason?: string
  yes?: string
  dryRun?: boolean
  json?: boolean
}

function noRequest(id: string): AppError {
  return new AppError('not-found', `There is no request “${plain(id)}”.`, {
    fix: 'byok backup shred list shows their IDs.',
  })
}

function addStart(shred: Command): void {
  shred
    .command('start')
    .description('Ask for it: says what exactly would be lost, has its name typed and an administrator’s password.')
    .argument('[ids...]', 'IDs of backups; without them, all that fit the options')
    .option(
      '--user <email>',
      'an administrator (needed but for --dry-run), whose password is asked for or read as a line',
    )
    .option('--schedule <id>', 'only backups that this schedule made')
    .option('--key <arn>', 'only backups that this key opens')
    .option('--before <day>', 'only backups from before this day, UTC, such as 2026-01-31')
    .addOption(
      new Option('--wait <time>', 'hours or days in which it can be undone, 1h to 30d')
        .argParser(parseWait)
        .default(waitHours.usual, `${waitHours.usual}h`),
    )
    .option('--reason <text>', 'stands in the certificate')
    .option('--yes <name>', 'the name, in place of typing it')
    .option('--dry-run', 'only say what would be lost')
    .option('--json', 'print as JSON')
    .addHelpText('after', codes)
    .action((ids: string[], options: StartOptions) => {
      if (options.user === undefined && !options.dryRun)
        shred.error('error: say --user EMAIL, or --dry-run', { code: 'shred.user' })
      if (ids.length === 0 && !options.schedule && !options.key && !options.before)
        shred.error('error: name backups, or say --schedule, --key or --before', { code: 'shred.selection' })
      return withServices((services) => start(services, ids, options))
    })
}

async function start({ db, forJob }: Services, ids: string[], options: StartOptions): Promise<void> {
  const { schedule, key, before, wait: hours, reason = '', user = '' } = options
  const parsed = shredSelectionSchema.safeParse({ ...(ids.length > 0 && { id: ids }), schedule, key, before })
  if (!parsed.success) throw new AppError('invalid', parsed.error.issues[0]?.message ?? 'Choose backups.')
  const selection = parsed.data
  const preview = await previewShred(db, selection)
  if (options.dryRun && options.json) return printJson(preview)
  if (!options.json) printPreview(preview)
  if (options.dryRun) return
  if (preview.count === 0) throw new AppError('invalid', 'None of these backups can be shredded.')
  const name = options.yes ?? (await typed(preview.name))
  if (name.trim() !== preview.name) {
    process.exitCode = exitCodes.failed
    return printError(`What was given is not “${plain(preview.name)}”. Nothing was asked for.`)
  }
  const wish = { selection, digest: preview.digest, name, reason, hours }
  const [password = ''] = await readSecrets(`Password of ${user}`)
  const administrator = await checkAdministrator(db, user, password)
  const id = await startShred(forJob(), wish, administrator)
  const view = await viewShred(db, id)
  if (options.json) return printJson(view)
  print(
    `Asked for as ${id}. The wraps are destroyed ${view ? `after ${timeText(view.dueAt)}` : 'after the waiting time'}. Until then:`,
  )
  print(`byok backup shred undo ${id}`)
}

function printPreview({
  backups,
  count: chosen,
  bytes,
  lastOf,
  lastOfCount,
  leftOut,
  leftOutCount,
}: ShredPreview): void {
  for (const { id, name, source, createdAt } of backups)
    print(`${id}  ${timeText(createdAt)}  ${plain(name)}  ${plain(source)}`)
  if (chosen > backups.length) print(`and ${chosen - backups.length} more, older`)
  print(
    `${count(chosen, 'backup')}, ${bytesText(bytes)}: never to be read again by anybody, with no key and no copy of one.`,
  )
  for (const { source, host } of lastOf)
    print(`No restore point of ${plain(source)}${host && ` on ${plain(host)}`} would be left.`)
  if (lastOfCount > lastOf.length)
    print(`No restore point of ${count(lastOfCount - lastOf.length, 'more source')} would be left.`)
  for (const { id, name, why } of leftOut) print(`Left out: ${id} (${plain(name)}): ${why}`)
  if (leftOutCount > leftOut.length) print(`and ${leftOutCount - leftOut.length} more left out`)
}

async function typed(name: string): Promise<string> {
  if (!process.stdin.isTTY)
    throw new AppError('invalid', 'There is no terminal to ask on.', { fix: `Say --yes '${plain(name)}'.` })
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await lines.question(`Type “${plain(name)}” to go on: `)
  } finally {
    lines.close()
  }
}

function parseWait(text: string): number {
  const [, amount, unit] = /^(\d{1,4})([hd])$/.exec(text) ?? []
  const hours = Number(amount) * (unit === 'd' ? 24 : 1)
  if (!(hours >= waitHours.least && hours <= waitHours.most))
    throw new InvalidArgumentError('Write hours or days from 1h to 30d.')
  return hours
}
