import { type Command, InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { AppError } from '#lib/errors.ts'
import { previewRewrap } from '#lib/rewrap/preview-rewrap.ts'
import {
  mostPerSecond,
  type RewrapDetail,
  type RewrapMode,
  type RewrapPreview,
  rewrapRequestSchema,
  rewrapWords,
} from '#lib/rewrap/schema.ts'
import { startRewrap } from '#lib/rewrap/start-rewrap.ts'
import { cancelRewrap, pauseRewrap, resumeRewrap } from '#lib/rewrap/steer-rewrap.ts'
import { listRewraps, viewRewrapDetail } from '#lib/rewrap/view-rewraps.ts'
import type { Services } from '#lib/services.ts'
import { digits } from './arguments.ts'
import { withServices } from './attach.ts'
import { exitCodes } from './exit-codes.ts'
import { bytesText, count, numberText, plain, print, printError, printJson, timeText } from './output.ts'
import { waitForRewrap } from './wait-for-rewrap.ts'

interface Options {
  readonly from?: string
  readonly to?: string
  readonly keep?: boolean
  readonly perSecond?: number
  readonly dryRun?: boolean
  readonly json?: boolean
  readonly wait: boolean
}

const actor = 'command line'
const exits = `
Exit codes: 0 all done, 1 refused, paused, cancelled, or some could not be opened, 2 bad usage, 3 no console is running.`

export function addKeyRewrap(key: Command): void {
  const rewrap = key
    .command('rewrap')
    .description(
      'Exchange the key of existing backups without moving their data. Only their envelopes are written anew.',
    )
    .option(
      '--from <key>',
      'the old key: its ARN, AES-256 or a root key’s ID; without it the new key is added to backups that lack it',
    )
    .option(
      '--to <key>',
      'the new key: ARN, key ID, alias or alias ARN, or AES-256 for the console’s own root key; without it the old key is removed, never the last',
    )
    .option('--keep', 'with both: the old key stays, the new one is added beside it')
    .option('--per-second <calls>', 'KMS calls in a second (default: a tenth of the quota of the Region)', callsOf)
    .option('--dry-run', 'only prove the new key, and say what it would do')
    .option('--no-wait', 'print the ID of the re-wrap, and leave it to the console')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
  byok key rewrap --from arn:aws:kms:us-east-1:111122223333:key/… --to alias/new --dry-run

A worker of the console does it. Ctrl-C stops waiting, and the re-wrap goes on; end it with byok key rewrap cancel.
${exits}`,
    )
    .action(async ({ from = '', to = '', keep = false, perSecond, dryRun, json = false, wait }: Options) => {
      if (from === '' && to === '') rewrap.error('error: say --from KEY, --to KEY, or both', { code: 'rewrap.keys' })
      const mode: RewrapMode = to === '' ? 'remove' : keep || from === '' ? 'add' : 'exchange'
      const request = rewrapRequestSchema.safeParse({ mode, from, to, perSecond: perSecond ?? null })
      if (!request.success)
        throw new AppError(
          'invalid',
          request.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`).join(' '),
        )
      await withServices(async (services) => {
        if (dryRun) {
          const preview = await previewRewrap(services.backup, request.data)
          return json ? printJson(preview) : printPreview(preview)
        }
        const { id, preview } = await startRewrap(services.backup, request.data, actor)
        if (id === null) return json ? printJson(nothing) : print('There is nothing to do: no backup is concerned.')
        if (!wait) return json ? printJson({ id, total: preview.backups }) : print(id)
        if (!json && process.stderr.isTTY) printError(`Re-wrap ${id}: ${rewrapWords(preview)}`)
        await follow(services, id, json)
      })
    })
  addSteering(rewrap)
}

function addSteering(rewrap: Command): void {
  rewrap
    .command('list')
    .description('List re-wraps: those under way first, then newest first.')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExit codes: 0 listed, 3 no console is running.')
    // The option may stand before the verb, where it is the verb above's.
    .action((_: unknown, command: Command) =>
      withServices(async ({ db }) => {
        const runs = await listRewraps(db)
        if (command.optsWithGlobals().json) return printJson({ rewraps: runs })
        if (runs.length === 0) print('There was no re-wrap yet.')
        for (const { id, state, done, total, failed, createdAt, error, ...wish } of runs) {
          const failures = failed > 0 ? `, ${failed} could not be done` : ''
          print(`${id}  ${state}, ${done} of ${count(total, 'backup')}${failures}  ${timeText(createdAt)}`)
          print(`  ${rewrapWords(wish)}`)
          if (error) print(`  ${plain(error)}`)
        }
      }),
    )
  for (const [verb, steer, done, description] of [
    ['pause', pauseRewrap, 'paused', 'Pause a re-wrap. What is exchanged stays so; nothing is half done.'],
    ['resume', resumeRewrap, 'resumed', 'Go on with a paused re-wrap, where it was, and wait for it.'],
    ['cancel', cancelRewrap, 'cancelled', 'Cancel a re-wrap. What is exchanged stays so; the rest keeps its key.'],
  ] as const)
    rewrap
      .command(verb)
      .description(description)
      .argument('<id>', 'the ID of the re-wrap, as byok key rewrap list shows it')
      .option('--no-wait', 'do not wait for it')
      .option('--json', 'print JSON')
      .addHelpText('after', exits)
      .action((id: string, _: unknown, command: Command) =>
        withServices(async (services) => {
          const { json = false, wait = true } = command.optsWithGlobals<{ json?: boolean; wait?: boolean }>()
          if (!z.uuid().safeParse(id).success)
            throw new AppError('not-found', `There is no re-wrap “${plain(id)}”.`, {
              fix: 'byok key rewrap list shows their IDs.',
            })
          await steer(services.backup, id, actor)
          if (verb === 'resume' && wait) return follow(services, id, json)
          const run = verb === 'resume' || !wait ? undefined : await waitForRewrap(services, id)
          if (json) return printJson({ id, state: run?.state ?? done })
          print(`The re-wrap ${id} is ${run?.state ?? done}.`)
        }),
      )
}

/** To its end, or until it pauses; the result is that of the whole run. */
async function follow(services: Services, id: string, json: boolean): Promise<void> {
  await waitForRewrap(services, id)
  const detail = await viewRewrapDetail(services.db, id)
  if (!detail) throw new AppError('not-found', `The re-wrap ${id} is gone.`)
  if (json) printJson(resultOf(detail))
  else printResult(detail)
  const { state, failed } = detail.run
  if (state !== 'complete' || failed > 0) process.exitCode = exitCodes.failed
}

const nothing = { id: null, state: 'complete', total: 0, exchanged: 0, failures: [], failed: 0, error: null }

/** The members of before it was a job, and how it ended. */
function resultOf({ run, failures }: RewrapDetail) {
  const { id, state, total, exchanged, failed, error } = run
  const told = failures.map(({ id, name, cause, fix }) => ({
    id,
    name,
    message: [cause, fix].filter(Boolean).join(' '),
    cause,
    fix,
  }))
  return { id, state, total, exchanged, failures: told, failed, error }
}

function printPreview({ backups, bytes, calls, perSecond, seconds, notes, ...wish }: RewrapPreview): void {
  const kms = calls.decrypt + calls.encrypt
  print(`${count(backups, 'backup')}, ${bytesText(bytes)}: nothing but envelopes would be written anew.`)
  print(
    `  ${rewrapWords(wish)}${wish.toTyped && wish.toTyped !== wish.to ? ` (${wish.toTyped} points there now)` : ''}`,
  )
  print(
    kms === 0
      ? '  No call of KMS: the keys are the console’s own.'
      : `  At most ${count(kms, 'call')} of KMS (${numberText(calls.decrypt)} Decrypt, ${numberText(calls.encrypt)} Encrypt), ${numberText(perSecond)} a second: about ${numberText(Math.max(1, seconds))} s.`,
  )
  for (const { text } of notes) print(`  ! ${text}`)
}

function printResult({ run, failures, notes }: RewrapDetail): void {
  const { id, state, exchanged, total, failed, error } = run
  print(`Exchanged: the keys of ${exchanged} of ${count(total, 'backup')}.`)
  if (state !== 'complete') printError(`The re-wrap ${id} is ${state}${error ? `: ${plain(error)}` : '.'}`)
  if (state === 'paused') printError(`Go on with: byok key rewrap resume ${id}`)
  for (const { id: backup, name, cause, fix } of failures)
    printError(`${backup} (${plain(name)}): ${plain([cause, fix].filter(Boolean).join(' '))}`)
  if (failed > failures.length) printError(`and ${failed - failures.length} more`)
  for (const { tone, text } of notes) if (tone === 'warn') print(`! ${text}`)
}

function callsOf(text: string): number {
  const calls = digits(text) ?? 0
  if (calls >= 1 && calls <= mostPerSecond) return calls
  throw new InvalidArgumentError(`It is a whole number from 1 to ${mostPerSecond}.`)
}
