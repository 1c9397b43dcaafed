import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rememberedPort } from './free-port.ts'
import { signalProcess } from './process-identity.ts'
import { findRunning } from './running.ts'

// Real processes: the supervisor, PostgreSQL, and stand-ins for the rest.

let root: string
let dataDir: string
let port: number
const started: StartedConsole[] = []

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'vault-console-'))
  dataDir = path.join(root, 'data')
  port = await rememberedPort(path.join(root, 'port'))
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

function startConsole(changes: string[] = [], environment: Record<string, string> = {}): StartedConsole {
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

async function startToTheEnd(changes: string[] = [], environment = {}): Promise<StartedConsole> {
  const console = startConsole(changes, environment)
  await until(() => console.output().includes('Vault Console is up') || console.child.exitCode !== null)
  expect(console.output()).toContain('Vault Console is up')
  return console
}

async function until(condition: () => unknown | Promise<unknown>): Promise<void> {
  const deadline = performance.now() + 25_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Waited in vain for: ${condition}`)
    await sleep(20)
  }
}

/** Every living process that works in the folder or was told of it. */
function processesOf(folder: string): number[] {
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

async function webPid(): Promise<number | undefined> {
  try {
    return Number(await (await fetch(`http://127.0.0.1:${port}/`)).text())
  } catch {
    return undefined
  }
}

async function databaseAnswers(): Promise<boolean> {
  const client = new pg.Client({ connectionString: findRunning(dataDir)?.databaseUrl })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

const postgresPid = () => Number(readFileSync(path.join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0])

test('starts everything, says so in one block, and stops everything on Ctrl-C', async () => {
  const console = await startToTheEnd([], { VAULT_SOURCE_ROOTS: '' })
  expect(console.output()).toContain(
    [
      '',
      'Vault Console is up. Ctrl-C stops it.',
      '',
      `  Address      http://localhost:${port}`,
      '  Set up       http://localhost/setup?token=once',
      '               opens once, to make the first administrator',
      `  Data folder  ${dataDir}`,
      '  Sandbox: keys and buckets live on this machine, not in AWS.',
      '',
    ].join('\n'),
  )
  expect(await databaseAnswers()).toBe(true)
  expect(findRunning(dataDir)).toMatchObject({ pid: console.child.pid, url: `http://localhost:${port}` })
  expect(await (await fetch(findRunning(dataDir)?.sandboxEndpoint ?? '')).text()).toBe('sandbox')
  expect((await stat(path.join(dataDir, 'run.json'))).mode & 0o777).toBe(0o600)
  expect((await stat(dataDir)).mode & 0o777).toBe(0o700)
  expect((await readdir(path.join(dataDir, 'logs'))).sort()).toEqual([
    'postgres.log',
    'sandbox.log',
    'web.log',
    'worker.log',
  ])
  expect(existsSync(path.join(dataDir, 'sample', 'README.txt'))).toBe(true)

  console.child.kill('SIGINT')
  expect(await console.exit).toBe(0)
  expect(processesOf(dataDir)).toEqual([])
  expect(await readdir(dataDir)).not.toContain('run.json')

  const second = await startToTheEnd([], { VAULT_SOURCE_ROOTS: '' })
  expect(second.output()).not.toContain('Building')
  expect(second.output()).not.toContain('sample')
  second.child.kill('SIGTERM')
  expect(await second.exit).toBe(0)
})

test('one Ctrl-C that arrives twice does not cut the stop short, and a part that will not stop is made to', async () => {
  const console = await startToTheEnd(['worker=worker stubborn'])
  console.child.kill('SIGINT')
  console.child.kill('SIGTERM')
  expect(await console.exit).toBe(0)
  expect(processesOf(dataDir)).toEqual([])
})

test('a second Ctrl-C ends everything at once', async () => {
  const console = await startToTheEnd(['worker=worker stubborn'])
  await until(async () => {
    console.child.kill('SIGINT')
    await sleep(100)
    return console.child.exitCode !== null || console.child.signalCode !== null
  })
  expect(await console.exit).toBe(0)
  expect(processesOf(dataDir)).toEqual([])
})

test('killed with SIGKILL it leaves nothing running, and the next start recovers', async () => {
  const console = await startToTheEnd()
  expect(processesOf(dataDir).length).toBeGreaterThan(4)
  console.child.kill('SIGKILL')
  expect(await console.exit).toBe('SIGKILL')
  expect(findRunning(dataDir)).toBeUndefined()
  // At once, while the old children are still going.
  const next = await startToTheEnd()
  expect(await databaseAnswers()).toBe(true)
  next.child.kill('SIGKILL')
  await next.exit
  await until(() => processesOf(dataDir).length === 0)
})

test('after everything was killed with SIGKILL at once the next start recovers', async () => {
  const console = await startToTheEnd()
  for (const pid of processesOf(dataDir)) signalProcess(pid, 'SIGKILL')
  expect(await console.exit).toBe('SIGKILL')
  await startToTheEnd()
  expect(await databaseAnswers()).toBe(true)
})

test('starts again what is killed, and takes nothing else down', async () => {
  const console = await startToTheEnd()
  const [web, postgres] = [await webPid(), postgresPid()]
  process.kill(web ?? 0, 'SIGKILL')
  await until(async () => ![undefined, web].includes(await webPid()))
  expect(postgresPid()).toBe(postgres)
  expect(console.output()).toContain('The web server stopped (signal SIGKILL) and is started again.')

  const nextWeb = await webPid()
  process.kill(postgres, 'SIGKILL')
  await until(async () => console.output().includes('PostgreSQL stopped (signal SIGKILL)') && (await databaseAnswers()))
  expect(postgresPid()).not.toBe(postgres)
  expect(await webPid()).toBe(nextWeb)
  expect(console.output()).not.toContain('The worker stopped')
})

test('gives up a part that cannot live, with its last words, and stops the rest', async () => {
  const console = startConsole(['worker=dies'])
  expect(await console.exit).toBe(1)
  expect(console.output()).toMatch(
    /The worker stopped 5 times in a row \(exit code 3\), so the console stops too\. The end of .*worker\.log:\n.*no licence to live/,
  )
  expect(processesOf(dataDir)).toEqual([])
})

test('can be stopped in the middle of a build', async () => {
  const console = startConsole(['build=hangs'])
  await until(() => processesOf(dataDir).length > 2 && console.output().includes('Building'))
  console.child.kill('SIGINT')
  expect(await console.exit).toBe(0)
  expect(processesOf(dataDir)).toEqual([])
})

test('says that a build failed, with the end of its log', async () => {
  const console = startConsole(['build=dies'])
  expect(await console.exit).toBe(1)
  expect(console.output()).toMatch(/The pages could not be built \(exit code 3\)[\s\S]*no licence to live/)
})

test('a second start on the same folder waits, and follows when the first stops', async () => {
  const first = await startToTheEnd()
  const second = startConsole()
  await until(() =>
    second.output().includes(`Waiting for the console that uses ${dataDir} (process ${first.child.pid})`),
  )
  first.child.kill('SIGTERM')
  expect(await first.exit).toBe(0)
  await until(() => second.output().includes('Vault Console is up'))
})

test('a second start on the same folder names the first when that does not stop', async () => {
  const first = await startToTheEnd()
  const second = startConsole()
  expect(await second.exit).toBe(1)
  expect(second.output()).toMatch(
    new RegExp(
      `The data folder ${dataDir} is in use by process ${first.child.pid}, since 2.*Z, at http://localhost:${port}\\.`,
    ),
  )
  expect(await webPid()).toBeDefined()
})

test('refuses a port in use, in one sentence', async () => {
  const other = createServer().listen(port, '127.0.0.1')
  await once(other, 'listening')
  const console = startConsole()
  expect(await console.exit).toBe(1)
  expect(console.output()).toBe(
    `Port ${port} on 127.0.0.1 is in use by another program. Set PORT to a free one, such as PORT=${port + 1}.\n`,
  )
  // Before anything slow.
  expect(existsSync(path.join(dataDir, 'postgres'))).toBe(false)
  other.close()
})

test('refuses a data folder that it cannot write, in one sentence', async () => {
  await writeFile(path.join(root, 'a file'), '')
  const folder = path.join(root, 'a file', 'data')
  const console = startConsole([], { VAULT_DATA_DIR: folder })
  expect(await console.exit).toBe(1)
  expect(console.output()).toBe(
    `The data folder ${folder} cannot be written (something on its path is not a folder). Set VAULT_DATA_DIR to a folder that this user may write.\n`,
  )
})

test('refuses a variable that it cannot understand, in one sentence', async () => {
  const console = startConsole([], { PORT: 'eighty' })
  expect(await console.exit).toBe(1)
  expect(console.output()).toMatch(/^The environment variable PORT .*eighty.*\n$/)
})

test('refuses an address that this machine does not have', async () => {
  const console = startConsole([], { VAULT_HOST: '203.0.113.1' })
  expect(await console.exit).toBe(1)
  expect(console.output()).toContain(`cannot listen on port ${port} of 203.0.113.1 (EADDRNOTAVAIL)`)
})
