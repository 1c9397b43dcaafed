import { existsSync, readFileSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect, test } from 'vitest'
import { signalProcess } from './process-identity.ts'
import { findRunning } from './running.ts'
import { dataDir, port, processesOf, startToTheEnd, until, webPid } from './start-console-for-tests.ts'

// Real processes: the supervisor, PostgreSQL, and stand-ins for the rest.

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
      '               works once: makes the first administrator',
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
