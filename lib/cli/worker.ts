import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import type { Command } from 'commander'
import type { Env } from '#lib/env.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { runWorker } from '#lib/jobs/run-worker.ts'
import { openWhenUnsealed } from '#lib/seal/keep-unsealing.ts'
import { openServices, type Services } from '#lib/services.ts'
import { attachedEnv } from './attach.ts'
import { exitCodes } from './exit-codes.ts'
import { plain, print, printError } from './output.ts'

interface Options {
  readonly host: string
  readonly sourceRoot?: string[]
  readonly restoreRoot?: string[]
}

export function addWorker(program: Command): void {
  program
    .command('worker')
    .description('Make backups and restores on this machine, for the console whose database this is, until Ctrl-C.')
    .option('--host <name>', 'what this machine is called', hostname())
    .option('--source-root <folders...>', 'folders that may be backed up (default: VAULT_SOURCE_ROOTS)')
    .option('--restore-root <folders...>', 'folders that may be restored into (default: VAULT_RESTORE_ROOTS)')
    .addHelpText(
      'after',
      '\nOn another machine than the console’s: set DATABASE_URL to its PostgreSQL, VAULT_AWS and VAULT_ALLOWED_ENDPOINTS' +
        '\nas it has them, the same access to AWS, and the same seal. While that does not open, the worker waits, and begins' +
        '\nby itself when it does. With the seal local the key that opens the console’s own keys is a file in one data folder,' +
        '\nand a worker without that file waits for it: workers on other machines need the seal awskms.' +
        '\nAll workers of one host name must reach the same folders.' +
        '\n\nExit codes: 0 stopped, 1 refused, 2 bad usage, 3 the database cannot be reached.',
    )
    .action(async (options: Options) => {
      const env = attachedEnv()
      const place = {
        host: nameOf(options.host),
        sourceRoots: options.sourceRoot?.map((folder) => path.resolve(folder)) ?? env.sourceRoots,
        restoreRoots: options.restoreRoot?.map((folder) => path.resolve(folder)) ?? env.restoreRoots,
      }
      if (!env.databaseUrl)
        throw new AppError('unavailable', 'There is no database to take work from.', {
          fix: 'Set DATABASE_URL to the console’s PostgreSQL, or run this beside a running console (VAULT_DATA_DIR names its folder).',
        })
      const told = Promise.withResolvers<void>()
      const waiting = new AbortController()
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
        process.on(signal, () => {
          told.resolve()
          waiting.abort()
        })
      const services = await openServicesWhenUnsealed(env, waiting.signal)
      if (!services) return
      await tellOtherKey(services)
      const worker = await runWorker(services, place).catch(async (error: unknown) => {
        await services.close()
        throw error
      })
      print(
        `Working as ${plain(place.host)}. Ctrl-C stops; what is under way then goes on elsewhere, or after the next start.`,
      )
      print(
        `Backs up from ${plain(place.sourceRoots.join(', '))}; restores into ${plain(place.restoreRoots.join(', '))}`,
      )
      for (const root of place.sourceRoots.filter((folder) => !existsSync(folder)))
        printError(`! ${plain(root)} is not on this machine: nothing is backed up from it until it is.`)
      for (const root of place.restoreRoots.filter((folder) => !existsSync(folder)))
        printError(`! ${plain(root)} is not on this machine: nothing is restored into it until it is.`)
      const outdated = await Promise.race([told.promise, worker.outdated])
      if (outdated) printError(messageOf(outdated))
      // A database that is gone or hangs keeps no worker: what it worked on goes to another by itself.
      setTimeout(() => process.exit(outdated ? exitCodes.failed : exitCodes.done), 15_000).unref()
      await worker
        .stop()
        .then(services.close)
        .catch((error: unknown) => printError(messageOf(error)))
      process.exit(outdated ? exitCodes.failed : exitCodes.done)
    })
}

/** Waits for the seal, which says why in the log; undefined when the worker is stopped meanwhile. */
async function openServicesWhenUnsealed(env: Env, signal: AbortSignal): Promise<Services | undefined> {
  let told = false
  try {
    return await openWhenUnsealed(
      () => openServices(env, { follow: false }),
      (sealed) => {
        if (sealed && !told)
          print(
            'The console’s own keys are sealed, so this worker waits: it tries again by itself, and begins as soon as they open. byok seal status says why.',
          )
        told = sealed !== undefined
      },
      signal,
    )
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  }
}

/** A root key that stands under another key opens all the same, while that key lets this machine use it. */
async function tellOtherKey({ db, seal }: Services): Promise<void> {
  const newest = await db.rootKey.findFirst({ orderBy: { number: 'desc' }, include: { wraps: true } })
  const keys = newest?.wraps.map(({ keyId }) => keyId) ?? []
  if (keys.length > 0 && !keys.includes(seal.keyId))
    printError(
      `! The seal of this machine names ${plain(seal.keyId)}, and the console’s newest root key is under ${plain(keys.join(', '))}. It opens, and nothing is changed here: configure the seal as the console has it.`,
    )
}

function nameOf(host: string): string {
  const name = host.trim()
  if (name !== '' && name.length <= 255 && /^\P{Cc}*$/u.test(name)) return name
  throw new AppError('invalid', 'The name of a host has 1 to 255 characters, and none of them controls a terminal.')
}
