import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { type Env, whatDecidesSeal } from '#lib/env.ts'
import { AppError } from '#lib/errors.ts'
import { sealSettingsOf } from '#lib/seal/host-settings.ts'
import { type Build, ensureBuilt } from './build.ts'
import { openDataFolder } from './data-folder.ts'
import { prepareEmbeddedPostgres } from './embedded-postgres.ts'
import { acquireLock } from './exclusive-lock.ts'
import { rememberedPort } from './free-port.ts'
import { type KeptPart, keepRunning, type Part } from './keep-running.ts'
import { endLeftovers, forgetChildren, rememberChild } from './leftovers.ts'
import { rotateLog } from './log-file.ts'
import { healthAddress, type Programs, portInUse, postgresPart, sandboxPart, webPart, workerPart } from './parts.ts'
import { identify } from './process-identity.ts'
import type { Progress } from './progress.ts'
import { announceRunning, withdrawRunning } from './running.ts'
import { makeSample } from './sample-data.ts'

// 1. A seal that is configured wrongly is refused before anything is made. Then the data folder: made, writable, locked;
//    what a killed console left behind is ended. The port is free.
// 2. At once: PostgreSQL with its migrations, the sandbox, the build.
// 3. The web server and the worker, then run.json and the words on the terminal.
// 4. Until a signal comes, or a part cannot be kept running: parts that end are started again.
// 5. Web server and worker stop, then the sandbox, then PostgreSQL.

export interface Console {
  readonly env: Env
  /** What the children inherit, before their own variables. */
  readonly environment: NodeJS.ProcessEnv
  readonly programs: Programs
  readonly build: Build
  /** Migrates the database and sees to its first administrator. */
  prepareDatabase(databaseUrl: string): Promise<{ setupUrl: string | undefined }>
  readonly progress: Progress
}

/** Everything is gone this long after a signal, or is made to go. */
const stopMs = 9_000
/** npm and a terminal both pass on one Ctrl-C. */
const sameSignalMs = 500

/**
 * Runs the console until it is told to stop.
 * @throws AppError when it cannot start, or when one of its parts cannot be kept running; by then all has stopped
 */
export async function runConsole(console: Console): Promise<void> {
  const { progress } = console
  const told = Promise.withResolvers<void>()
  const stopping = new AbortController()
  const parts: KeptPart[] = []
  const undo: (() => Promise<void>)[] = []
  const forgetSignals = onSignal({
    first: told.resolve,
    second: () => void Promise.all(parts.map((part) => part.stop(0))),
  })
  const rotation = setInterval(() => {
    for (const { part } of parts) rotateLog(part.logFile)
  }, 30_000)
  try {
    const start = startConsole(console, {
      signal: stopping.signal,
      undo,
      keep(dataDir, part) {
        stopping.signal.throwIfAborted()
        const kept = keepRunning(part, {
          onSpawn(_, pid) {
            // A PostgreSQL that was left behind is found by its own data folder, and never ended by force.
            if (part.name !== 'PostgreSQL') rememberChild(dataDir, part.name, pid)
          },
          onRestart: (_, reason) => progress.say(`${part.name} stopped (${reason}) and is started again.`),
          onGiveUp: told.reject,
        })
        parts.push(kept)
        return kept.ready
      },
    })
    // A stop in the middle of a start makes the start fail, and that is no news.
    start.catch(() => undefined)
    await Promise.race([start, told.promise])
    await told.promise
    progress.say('Stopping…')
  } finally {
    stopping.abort()
    await stopParts(parts)
    for (const step of undo.toReversed()) await step()
    clearInterval(rotation)
    forgetSignals()
  }
}

interface Startup {
  readonly signal: AbortSignal
  /** To be done after all parts have stopped, last first. */
  readonly undo: (() => Promise<void>)[]
  /** Resolves when the part is ready. */
  keep(dataDir: string, part: Part): Promise<void>
}

async function startConsole(console: Console, { signal, undo, keep }: Startup): Promise<void> {
  const { env, environment, programs, progress } = console
  // Each part would end by it, again and again.
  sealSettingsOf({ configFile: env.configFile, variables: env.sealVariables })
  const dataDir = await openDataFolder(env.dataDir)
  undo.push(await lockDataFolder(dataDir, env.publicUrl, progress))
  signal.throwIfAborted()
  await withdrawRunning(dataDir)
  await endLeftovers(dataDir)
  const taken = await portInUse(env)
  if (taken) throw taken

  const [{ databaseUrl, setupUrl }, sandboxEndpoint] = await Promise.all([
    startDatabase(),
    startSandbox(),
    makeFolders(env, dataDir, progress),
    ensureBuilt(console.build, signal, (build) => progress.during('Building the pages, about half a minute', build)),
  ])
  signal.throwIfAborted()

  const childEnvironment: NodeJS.ProcessEnv = {
    ...environment,
    NODE_ENV: 'production',
    NEXT_TELEMETRY_DISABLED: '1',
    DATABASE_URL: databaseUrl,
    VAULT_DATA_DIR: dataDir,
    VAULT_SANDBOX_ENDPOINT: sandboxEndpoint ?? '',
    PORT: String(env.port),
    VAULT_HOST: env.host,
    // The administrator is made by now; nothing else has a use for the password.
    VAULT_ADMIN_EMAIL: '',
    VAULT_ADMIN_PASSWORD: '',
  }
  await progress.during(
    'Starting',
    Promise.all([
      keep(dataDir, webPart(programs.web, dataDir, env, childEnvironment)),
      ...Array.from({ length: env.workers }, (_, index) =>
        keep(dataDir, workerPart(programs.worker, dataDir, childEnvironment, index + 1)),
      ),
    ]),
  )
  const self = identify(process.pid)
  if (!self) throw new Error('This process cannot find itself.')
  const startedAt = new Date().toISOString()
  const seal = whatDecidesSeal(env)
  await announceRunning(dataDir, { ...self, startedAt, url: env.publicUrl, databaseUrl, sandboxEndpoint, seal })
  undo.push(() => withdrawRunning(dataDir))
  progress.say(greeting(env, dataDir, setupUrl, await isSealed(env)))

  async function startDatabase() {
    let databaseUrl = env.databaseUrl
    if (!databaseUrl) {
      const server = await prepareEmbeddedPostgres(dataDir)
      databaseUrl = server.url
      await keep(dataDir, postgresPart(server))
    }
    signal.throwIfAborted()
    return { databaseUrl, ...(await console.prepareDatabase(databaseUrl)) }
  }

  async function startSandbox() {
    if (env.aws !== 'sandbox') return undefined
    const port = await rememberedPort(path.join(dataDir, 'sandbox.port'))
    await keep(dataDir, sandboxPart(programs.sandbox, dataDir, port, environment))
    return `http://127.0.0.1:${port}`
  }
}

/** @returns what gives the lock back */
async function lockDataFolder(dataDir: string, address: string, progress: Progress): Promise<() => Promise<void>> {
  const lock = await acquireLock(path.join(dataDir, 'lock'), address, {
    waitMs: 15_000,
    onWait: ({ pid }) => progress.say(`Waiting for the console that uses ${dataDir} (process ${pid}) to stop…`),
  })
  if ('heldBy' in lock) {
    const { pid, since, note } = lock.heldBy
    throw new AppError(
      'conflict',
      `The data folder ${dataDir} is in use by process ${pid}, since ${since}, at ${note}.`,
      {
        fix: 'Stop that one, or set VAULT_DATA_DIR to another folder.',
      },
    )
  }
  return async () => {
    forgetChildren(dataDir)
    await lock.release()
  }
}

/** The default folders to back up and to restore into. Folders that somebody named are theirs to make. */
async function makeFolders(env: Env, dataDir: string, progress: Progress): Promise<void> {
  if (env.restoreRoots.includes(path.join(env.dataDir, 'restores'))) {
    await mkdir(path.join(dataDir, 'restores'), { recursive: true, mode: 0o700 })
  }
  if (env.sourceRoots.includes(path.join(env.dataDir, 'sample')))
    await makeSample(path.join(dataDir, 'sample'), progress)
}

async function isSealed(env: Env): Promise<boolean> {
  try {
    const answer = await fetch(healthAddress(env), { signal: AbortSignal.timeout(5_000) })
    return z.object({ status: z.literal('sealed') }).safeParse(await answer.json()).success
  } catch {
    // It has just answered; health tells the rest.
    return false
  }
}

function greeting(env: Env, dataDir: string, setupUrl: string | undefined, sealed: boolean): string {
  const rows = [
    '',
    'Vault Console is up. Ctrl-C stops it.',
    '',
    `  Address      ${env.publicUrl}`,
    ...(setupUrl ? [`  Set up       ${setupUrl}`, '               works once: makes the first administrator'] : []),
    `  Data folder  ${dataDir}`,
    ...(env.aws === 'sandbox' ? ['  Sandbox: keys and buckets live on this machine, not in AWS.'] : []),
    ...(sealed
      ? [
          '',
          '  SEALED: its own secrets do not open, so nobody can sign in. What is wrong, and what to do:',
          '    npx byok seal status',
          '  It tries again by itself, and opens without a restart.',
        ]
      : []),
    '',
  ]
  return rows.join('\n')
}

/** The last started stop first, except that the web server and the workers, which need all others, stop together. */
async function stopParts(parts: readonly KeptPart[]): Promise<void> {
  const deadline = performance.now() + stopMs
  const last = ['The sandbox', 'PostgreSQL']
  const stop = (isMeant: (name: string) => boolean, reserveMs: number) =>
    Promise.all(
      parts
        .filter(({ part }) => isMeant(part.name))
        .map((kept) => kept.stop(Math.max(1, deadline - reserveMs - performance.now()))),
    )
  await stop((name) => !last.includes(name), 3_000)
  await stop((name) => name === 'The sandbox', 2_000)
  await stop((name) => name === 'PostgreSQL', 0)
}

function onSignal({ first, second }: { first: () => void; second: () => void }): () => void {
  let at: number | undefined
  const handle = () => {
    at ??= performance.now()
    if (performance.now() - at > sameSignalMs) second()
    else first()
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, handle)
  return () => {
    for (const signal of signals) process.off(signal, handle)
  }
}
