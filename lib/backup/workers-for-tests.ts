import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { symlinkSync } from 'node:fs'
import path from 'node:path'
import type { TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import type { TestConsole } from './console-for-tests.ts'

const root = path.join(import.meta.dirname, '..', '..')

/** Lets worker processes find this console's sandbox, as the supervisor's do. */
export function shareSandbox(here: Pick<TestConsole, 'context'>, sandbox: TestSandbox): void {
  symlinkSync(sandbox.dataDir, path.join(here.context.dataDir, 'sandbox'))
}

export interface TestWorker {
  readonly process: ChildProcess
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>
  /** As Ctrl-C does. */
  stop(): Promise<void>
  /** All that it printed. */
  printed(): string
}

/** `byok worker` as a process of its own, ready to take jobs. */
export async function startTestWorker(here: Pick<TestConsole, 'context' | 'url'>, host: string): Promise<TestWorker> {
  const { dataDir, sourceRoots, restoreRoots } = here.context
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      'lib/cli/main.ts',
      'worker',
      '--host',
      host,
      '--source-root',
      ...sourceRoots,
      '--restore-root',
      ...restoreRoots,
    ],
    {
      cwd: root,
      env: { ...process.env, DATABASE_URL: here.url, VAULT_DATA_DIR: dataDir, VAULT_AWS: 'sandbox' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  const exited = once(child, 'exit')
  await new Promise<void>((resolve, reject) => {
    const take = (text: string) => {
      output += text
      if (output.includes('Working as')) resolve()
    }
    child.stdout.setEncoding('utf8').on('data', take)
    child.stderr.setEncoding('utf8').on('data', take)
    child.once('exit', (code) => reject(new Error(`The worker did not start (exit code ${code}):\n${output}`)))
  })
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await exited
  }
  return { process: child, kill: () => end('SIGKILL'), stop: () => end('SIGTERM'), printed: () => output }
}

/** Small numbers that a seed repeats: mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
