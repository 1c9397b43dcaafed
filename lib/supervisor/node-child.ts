import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { AppError } from '#lib/errors.ts'
import { withLog } from './log-file.ts'
import { type newStart, proofHeader } from './start-proof.ts'

type Start = ReturnType<typeof newStart>

/** The folder of package.json. */
export const checkout = path.join(import.meta.dirname, '..', '..')

const preloaded = ['die-with-parent.mjs', 'outlive-full-log.mjs'].flatMap((name) => [
  '--import',
  path.join(import.meta.dirname, name),
])

/** A program for this same Node: its file and arguments. Paths are relative to the checkout. */
export type NodeProgram = readonly [file: string, ...args: string[]]

/** In a process group of its own, so that Ctrl-C reaches the supervisor alone. */
export function spawnNode(program: NodeProgram, logFile: string, environment: NodeJS.ProcessEnv): ChildProcess {
  return withLog(logFile, (log) =>
    spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...preloaded, ...program], {
      cwd: checkout,
      env: { ...environment, VAULT_SUPERVISOR_PID: String(process.pid) },
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
    }),
  )
}

const readyMessage = z.object({ ready: z.literal(true), endpoint: z.string().optional() })

/**
 * Waits for the child's `process.send({ ready: true })`.
 * @throws AppError `unavailable` when it has not come after a minute
 */
export async function untilItSaysReady(child: ChildProcess): Promise<z.infer<typeof readyMessage>> {
  const timeout = AbortSignal.timeout(60_000)
  try {
    for (;;) {
      const [message] = await once(child, 'message', { signal: timeout })
      const parsed = readyMessage.safeParse(message)
      if (parsed.success) return parsed.data
    }
  } catch (cause) {
    throw new AppError('unavailable', 'It did not become ready within a minute', { cause })
  }
}

/**
 * Waits until this very child answers at the address, whatever it answers: while another program does so, the child does
 * not get the port, and ends.
 */
export async function untilItAnswers(child: ChildProcess, url: string, { ask }: Start): Promise<void> {
  const deadline = performance.now() + 60_000
  while (child.exitCode === null && child.signalCode === null) {
    try {
      const { headers, isProof } = ask()
      const answer = await fetch(url, { headers, signal: AbortSignal.timeout(30_000), redirect: 'manual' })
      await answer.body?.cancel()
      if (isProof(answer.headers.get(proofHeader))) return
      throw new Error('What answers there is not the console.')
    } catch (cause) {
      if (performance.now() > deadline) {
        throw new AppError('unavailable', 'It did not answer within a minute', { cause })
      }
      await sleep(50)
    }
  }
}
