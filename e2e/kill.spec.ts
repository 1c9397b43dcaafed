import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { type Browser, test as base, expect } from '@playwright/test'
import { administrator, logsOf, startConsole, type TestConsole } from './console.ts'
import { saveKey, signIn } from './fixtures.ts'
import { suffer } from './suffer.ts'
import { describeTree, plantTree } from './tree.ts'

// One console for all three, in this order: the first ends it and starts it again, the last ends it for good. After one
// that failed the next ones get a new one, as Playwright begins anew with another worker.
let console: TestConsole
base.beforeAll(async () => {
  base.setTimeout(240_000)
  console = await startConsole()
})
// Undefined where it did not start.
base.afterAll(() => console?.remove())
// An open page goes on asking the console, also one that a test is stopping.
base.afterEach(async ({ browser }) => {
  for (const context of browser.contexts()) await context.close()
})

base(
  'after kill -9 of the whole console during a backup, the next start finishes it, and nothing is left running',
  async ({ browser }) => {
    base.setTimeout(240_000)
    await saveKey(await signedInPage(browser), { arn: 'alias/backups', region: 'us-east-1' })
    const source = path.join(console.sources, 'big')
    plantTree(source, { files: 6000, seed: 11 })
    // Slow enough to be killed in the middle, whatever the machine.
    await suffer(console, { service: 's3', operation: 'PutObject', effect: 'Latency', latencyMs: 5_000 })
    const waiting = console.byok(['backup', 'create', source])
    const id = await untilRunning()
    const children = childrenOf(console.process.pid ?? 0)
    expect(children.length).toBeGreaterThan(3)
    console.process.kill('SIGKILL')
    expect((await waiting).stderr).toContain(`The backup ${id} goes on when it is started again`)
    await expect.poll(() => children.filter(isAlive), { timeout: 20_000 }).toEqual([])

    console = await console.again()
    await suffer(console)
    await expect
      .poll(async () => (await backups()).find((one) => one.id === id)?.state, {
        timeout: 90_000,
        intervals: [500],
      })
      .toBe('complete')
    const target = path.join(console.folder, 'back')
    const restored = await console.byok(['backup', 'restore', id, '--to', target])
    expect(restored.code, restored.stderr + logsOf(console)).toBe(0)
    expect(describeTree(target)).toEqual(describeTree(source))
  },
)

base('a page that finds no database says so, and is there by itself when it is back', async ({ browser }) => {
  base.setTimeout(240_000)
  const page = await signedInPage(browser)
  const pidFile = path.join(console.dataDir, 'postgres', 'postmaster.pid')
  const postmaster = Number(readFileSync(pidFile, 'utf8').split('\n')[0])
  const database = [postmaster, ...childrenOf(postmaster)]
  for (const pid of database) process.kill(pid, 'SIGSTOP')
  try {
    // PostgreSQL takes a connection and says nothing: nobody sits in front of a page for as long as a job would wait.
    const asked = performance.now()
    await page.goto('/keys')
    await expect(page.getByRole('heading', { name: 'This page could not be made' })).toBeVisible()
    expect(performance.now() - asked).toBeLessThan(20_000)
    await expect(page.getByRole('status')).toContainText('Its database does not answer.')
    const listed = await console.byok(['backup', 'list'])
    expect(listed).toMatchObject({ code: 3, stderr: expect.stringContaining('The console’s database') })
  } finally {
    for (const pid of database.filter(isAlive)) process.kill(pid, 'SIGCONT')
  }
  await expect(page.getByRole('heading', { name: 'Keys', level: 1 })).toBeVisible({ timeout: 90_000 })
})

base('Ctrl-C stops everything it started', async () => {
  base.setTimeout(180_000)
  const children = childrenOf(console.process.pid ?? 0)
  expect(children.length).toBeGreaterThan(3)
  console.process.kill('SIGINT')
  await expect.poll(() => children.filter(isAlive), { timeout: 15_000 }).toEqual([])
})

async function signedInPage(browser: Browser) {
  const page = await browser.newPage({ baseURL: console.url })
  await signIn(page, administrator)
  return page
}

interface Listed {
  readonly id: string
  readonly state: string
}

async function backups(): Promise<Listed[]> {
  const { stdout, stderr } = await console.byok(['backup', 'list', '--json'])
  expect(stderr).toBe('')
  return JSON.parse(stdout).backups
}

async function untilRunning(): Promise<string> {
  let id = ''
  await expect
    .poll(
      async () => {
        const [first] = await backups()
        id = first?.id ?? ''
        return first?.state
      },
      { timeout: 90_000, intervals: [100] },
    )
    .toBe('running')
  return id
}

/** Every process below this one, from /proc. */
function childrenOf(pid: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {}
  }
  const below = (parent: number): number[] =>
    [...parents].filter(([, one]) => one === parent).flatMap(([child]) => [child, ...below(child)])
  return below(pid)
}

function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}
