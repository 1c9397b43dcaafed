import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readEnv } from '#lib/env.ts'
import { attachSandbox, callSandbox } from '#lib/sandbox/attach.ts'
import { keyArn } from '#lib/sandbox/open-test-sandbox.ts'
import { openServices, type Services } from '#lib/services.ts'
import { freePort } from '#lib/supervisor/free-port-for-tests.ts'
import { checkout } from '#lib/supervisor/node-child.ts'
import { findRunning } from '#lib/supervisor/running.ts'

export type Victim = 'worker' | 'database' | 'console'

/** The whole console as `npm start` runs it, but for its pages, on a folder of its own; made to be killed. */
export class KilledConsole {
  readonly folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'vault-killed-')))
  readonly sources = path.join(this.folder, 'sources')
  readonly #data = path.join(this.folder, 'data')
  readonly #variables: Record<string, string>
  #output = ''
  #child: ChildProcess | undefined
  #exited: Promise<unknown> = Promise.resolve()

  private constructor(port: number) {
    const restores = path.join(this.folder, 'restores')
    for (const folder of [this.sources, restores]) mkdirSync(folder)
    this.#variables = {
      PORT: String(port),
      VAULT_DATA_DIR: this.#data,
      VAULT_SOURCE_ROOTS: this.sources,
      VAULT_RESTORE_ROOTS: restores,
      VAULT_WORKERS: '2',
      DATABASE_URL: '',
    }
  }

  static async open(): Promise<KilledConsole> {
    const console = new KilledConsole(await freePort())
    await console.start()
    return console
  }

  /** What this process does with the console's database and its sandbox. */
  async services(): Promise<Services> {
    const databaseUrl = findRunning(this.#data)?.databaseUrl ?? ''
    return openServices(readEnv({ ...this.#variables, DATABASE_URL: databaseUrl }))
  }

  async masterKey(): Promise<string> {
    return keyArn(await attachSandbox(path.join(this.#data, 'sandbox')), 'backups')
  }

  get restores(): string {
    return path.join(this.folder, 'restores')
  }

  /** All that the supervisor printed, and how its parts' logs end. */
  words(): string {
    const end = (name: string) => {
      try {
        return readFileSync(path.join(this.#data, 'logs', name), 'utf8').slice(-3000)
      } catch {
        return ''
      }
    }
    return [this.#output, ...['worker.log', 'worker-2.log', 'postgres.log', 'sandbox.log'].map(end)].join('\n--\n')
  }

  /** Starts it unless it runs: it may have given up by itself, on a part that dies again and again. */
  async start(): Promise<void> {
    if (this.#child && this.#child.exitCode === null && this.#child.signalCode === null) return
    const program = path.join('lib', 'supervisor', 'stand-ins', 'without-pages.ts')
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, this.folder], {
      cwd: checkout,
      env: { ...process.env, ...this.#variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    this.#exited = once(child, 'exit')
    const from = this.#output.length
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text))
    while (!this.#output.includes('Vault Console is up', from)) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`It did not start:\n${this.words()}`)
      await sleep(20)
    }
  }

  async slowDown(latencyMs: number): Promise<void> {
    const operations = latencyMs > 0 ? ['PutObject', 'GetObject'] : []
    const body = operations.map((operation) => ({ service: 's3', operation, effect: 'Latency', latencyMs }))
    await callSandbox(path.join(this.#data, 'sandbox'), 'PUT', 'faults', { body })
  }

  /** kill -9. @returns false when the victim is just being born */
  async kill(victim: Victim, random: () => number): Promise<boolean> {
    const pid = this.#pidOf(victim, random)
    try {
      if (pid) process.kill(pid, 'SIGKILL')
    } catch {
      return false
    }
    if (victim === 'console') await this.#exited
    return pid !== undefined
  }

  #pidOf(victim: Victim, random: () => number): number | undefined {
    if (victim === 'console') return this.#child?.pid
    try {
      if (victim === 'database')
        return Number(readFileSync(path.join(this.#data, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0])
      const children = JSON.parse(readFileSync(path.join(this.#data, 'children.json'), 'utf8'))
      return children[random() < 0.5 ? 'The worker' : 'Worker 2']?.pid
    } catch {
      return undefined
    }
  }

  /** As Ctrl-C does. */
  async remove(): Promise<void> {
    this.#child?.kill('SIGTERM')
    await this.#exited
    rmSync(this.folder, { recursive: true, force: true })
  }
}
