import path from 'node:path'
import type { Env } from '#lib/env.ts'
import { AppError } from '#lib/errors.ts'
import type { EmbeddedPostgres } from './embedded-postgres.ts'
import { portTrouble } from './free-port.ts'
import type { Part } from './keep-running.ts'
import { type NodeProgram, spawnNode, untilItAnswers, untilItSaysReady } from './node-child.ts'
import { newStart } from './start-proof.ts'

/** What runs as the console's parts: flags of Node, the file, its arguments. Another program can take the place of each. */
export interface Programs {
  /** Gets a folder and a port as further arguments. */
  readonly sandbox: NodeProgram
  readonly web: NodeProgram
  readonly worker: NodeProgram
}

export function consolePrograms(env: Pick<Env, 'port' | 'host'>): Programs {
  return {
    sandbox: ['lib/supervisor/sandbox-process.ts'],
    web: ['node_modules/next/dist/bin/next', 'start', '--port', String(env.port), '--hostname', env.host],
    // A small young generation is collected often, so that buffers that data has passed through are freed soon: 60 MiB
    // less at the peak. With --expose-gc `passedThrough` (lib/free-now.ts) collects the others. Nearly all of a worker's
    // work is done in Node's own code: V8's last compiler takes 5 MiB and gains nothing. The one before it takes as much
    // when it inlines, once for a large function and perhaps only after hours, and malloc keeps that.
    worker: ['--max-semi-space-size=2', '--expose-gc', '--no-turbofan', '--no-maglev-inlining', 'lib/jobs/worker.ts'],
  }
}

/**
 * Settings of glibc's malloc, mallopt(3). Few arenas: memory that is freed in one cannot be used by the others. High
 * thresholds: pieces of data of up to some MiB come and go all the time, and memory that was given back to the kernel costs
 * a page fault for every 4 KiB when it is used again.
 */
export const workerEnvironment = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: String(4 * 2 ** 20),
  MALLOC_TRIM_THRESHOLD_: String(32 * 2 ** 20),
}

export function postgresPart(server: EmbeddedPostgres): Part {
  return { ...server, name: 'PostgreSQL', stopSignal: 'SIGINT' }
}

export function sandboxPart(program: NodeProgram, dataDir: string, port: number, environment: NodeJS.ProcessEnv): Part {
  const logFile = path.join(dataDir, 'logs', 'sandbox.log')
  return {
    name: 'The sandbox',
    logFile,
    stopSignal: 'SIGTERM',
    spawn: () => spawnNode([...program, path.join(dataDir, 'sandbox'), String(port)], logFile, environment),
    ready: async (child) => void (await untilItSaysReady(child)),
  }
}

/** @param number from 1 */
export function workerPart(
  program: NodeProgram,
  dataDir: string,
  environment: NodeJS.ProcessEnv,
  number: number,
): Part {
  const logFile = path.join(dataDir, 'logs', number === 1 ? 'worker.log' : `worker-${number}.log`)
  return {
    name: number === 1 ? 'The worker' : `Worker ${number}`,
    logFile,
    stopSignal: 'SIGTERM',
    spawn: () => spawnNode(program, logFile, { ...environment, ...workerEnvironment }),
    ready: async (child) => void (await untilItSaysReady(child)),
  }
}

export function webPart(
  program: NodeProgram,
  dataDir: string,
  env: Pick<Env, 'port' | 'host'>,
  environment: NodeJS.ProcessEnv,
): Part {
  const logFile = path.join(dataDir, 'logs', 'web.log')
  const start = newStart()
  return {
    name: 'The web server',
    logFile,
    stopSignal: 'SIGTERM',
    spawn: () => spawnNode(program, logFile, { ...environment, ...start.environment }),
    ready: (child) => untilItAnswers(child, healthAddress(env), start),
    trouble: () => portInUse(env),
  }
}

/** Undefined when it can be listened on. */
export async function portInUse({ host, port }: Pick<Env, 'port' | 'host'>): Promise<AppError | undefined> {
  const code = await portTrouble(port, host)
  if (code === 'EADDRINUSE')
    return new AppError('conflict', `Port ${port} on ${host} is in use by another program.`, {
      fix: `Set PORT to a free one, such as PORT=${port < 65_535 ? port + 1 : 3000}.`,
    })
  return code === undefined
    ? undefined
    : new AppError('invalid', `The console cannot listen on port ${port} of ${host} (${code}).`, {
        fix: 'Set PORT and VAULT_HOST to what this user may listen on.',
      })
}

/** As this machine reaches it. */
export function healthAddress({ host, port }: Pick<Env, 'port' | 'host'>): string {
  // “Every address” is nowhere to connect to.
  const name = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[host] ?? (host.includes(':') ? `[${host}]` : host)
  return `http://${name}:${port}/api/health`
}
