import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, vi } from 'vitest'
import { freePort } from './free-port-for-tests.ts'

/** Each test of a file that imports this has a folder and a port of its own; what it started has ended after it. */

// Each start makes a database, which takes a second, and on a machine with much else to do half a minute.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

export let root: string
export let dataDir: string
export let port: number
const started: StartedConsole[] = []

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'vault-console-'))
  dataDir = path.join(root, 'data')
  port = await freePort()
})
afterEach(async () => {
  for (const console of started.splice(0)) {
    if (console.child.exitCode === null && console.child.signalCode === null) console.child.kill('SIGTERM')
    await console.exit
  }
  await until(() => processesOf(dataDir).length === 0)
  await rm(root, { recursive: true })
})

interface StartedConsole {
  readonly child: ChildProcess
  /** Exit code or signal. */
  readonly exit: Promise<number | string>
  output(): string
}

export function startConsole(changes: string[] = [], environment: Record<string, string> = {}): StartedConsole {
  const program = path.join(import.meta.dirname, 'stand-ins', 'start.ts')
  const child = spawn(process.execPath, [program, root, ...changes], {
    // Without sources of its own it would make the sample folder, which takes longest of all.
    env: { ...process.env, PORT: String(port), VAULT_DATA_DIR: dataDir, VAULT_SOURCE_ROOTS: root, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (data) => (output += data))
  const exit = once(child, 'close').then(([code, signal]) => code ?? signal)
  const console = { child, exit, output: () => output }
  started.push(console)
  return console
}

export async function startToTheEnd(changes: string[] = [], environment = {}): Promise<StartedConsole> {
  const console = startConsole(changes, environment)
  await until(() => console.output().includes('Vault Console is up') || console.child.exitCode !== null)
  expect(console.output()).toContain('Vault Console is up')
  return console
}

export async function until(condition: () => unknown | Promise<unknown>): Promise<void> {
  const deadline = performance.now() + 90_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Waited in vain for: ${condition}`)
    await sleep(20)
  }
}

/** Every living process that works in the folder or was told of it. */
export function processesOf(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
        return environment.includes(`VAULT_DATA_DIR=${folder}`) || readlinkSync(`/proc/${pid}/cwd`).startsWith(folder)
      } catch {
        return false
      }
    })
    .map(Number)
}

export async function webPid(): Promise<number | undefined> {
  try {
    return Number(await (await fetch(`http://127.0.0.1:${port}/`)).text())
  } catch {
    return undefined
  }
}
