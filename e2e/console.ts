import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from '#lib/supervisor/free-port-for-tests.ts'

const root = path.join(import.meta.dirname, '..')

export const administrator = { email: 'admin@example.test', password: 'correct-horse-battery' }

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface TestConsole {
  readonly url: string
  readonly folder: string
  readonly dataDir: string
  readonly sources: string
  readonly restores: string
  /** What `npm start` printed. */
  printed(): string
  readonly process: ChildProcess
  /** As Ctrl-C does; resolves when everything has stopped. */
  stop(): Promise<number | null>
  /** Starts it again on the same data folder and port, with further variables. */
  again(further?: Record<string, string>): Promise<TestConsole>
  /** Runs `byok` against it. */
  byok(args: readonly string[], options?: { input?: string }): Promise<Ended>
  /** Runs a program of this checkout against it. */
  runs(program: string, args?: readonly string[], options?: { input?: string }): Promise<Ended>
  remove(): Promise<void>
}

/** Starts the whole console as `npm start` does, on a data folder and a port of its own. */
export async function startConsole(
  options: { withAdministrator?: boolean; variables?: Record<string, string> } = {},
): Promise<TestConsole> {
  const folder = mkdtempSync(path.join(tmpdir(), 'vault-console-e2e-'))
  for (const name of ['sources', 'restores']) mkdirSync(path.join(folder, name))
  return launch(folder, await freePort(), options.withAdministrator ?? true, options.variables ?? {})
}

async function launch(
  folder: string,
  port: number,
  withAdministrator: boolean,
  variables: Record<string, string>,
): Promise<TestConsole> {
  const dataDir = path.join(folder, 'data')
  const env = {
    ...process.env,
    // Set by the test runner; Node warns of them on standard error when both are.
    FORCE_COLOR: undefined,
    NO_COLOR: undefined,
    PORT: String(port),
    VAULT_DATA_DIR: dataDir,
    VAULT_SOURCE_ROOTS: path.join(folder, 'sources'),
    VAULT_RESTORE_ROOTS: path.join(folder, 'restores'),
    ...(withAdministrator && { VAULT_ADMIN_EMAIL: administrator.email, VAULT_ADMIN_PASSWORD: administrator.password }),
    ...variables,
  }
  const child = spawn('node', ['bin/bootstrap.mjs', 'start'], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
  await new Promise<void>((resolve, reject) => {
    const look = () => output.includes('Ctrl-C stops it') && resolve()
    child.stdout.on('data', look)
    child.once('exit', (code) => reject(new Error(`The console did not start (exit code ${code}):\n${output}`)))
  })

  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
    return child.exitCode
  }
  const runs: TestConsole['runs'] = async (program, args = [], { input = '' } = {}) => {
    const run = spawn('node', ['bin/bootstrap.mjs', program, ...args], { cwd: root, env })
    let stdout = ''
    let stderr = ''
    run.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    run.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    run.stdin.end(input)
    await once(run, 'close')
    return { code: run.exitCode, stdout, stderr }
  }
  return {
    url: `http://localhost:${port}`,
    folder,
    dataDir,
    sources: path.join(folder, 'sources'),
    restores: path.join(folder, 'restores'),
    printed: () => output,
    process: child,
    stop,
    again: (further = {}) => launch(folder, port, withAdministrator, { ...variables, ...further }),
    byok: (args, options) => runs('byok', args, options),
    runs,
    async remove() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Everything the console's parts have written to their logs. */
export function logsOf({ dataDir }: TestConsole): string {
  return ['web', 'worker', 'sandbox', 'postgres']
    .map((name) => readFileSync(path.join(dataDir, 'logs', `${name}.log`), 'utf8'))
    .join('\n')
}
