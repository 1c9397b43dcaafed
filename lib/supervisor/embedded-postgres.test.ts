import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { prepareEmbeddedPostgres } from './embedded-postgres.ts'
import { startEmbeddedPostgres } from './embedded-postgres-for-tests.ts'
import { portTrouble } from './free-port.ts'
import { findPostgres } from './postgres-programs.ts'
import { identify } from './process-identity.ts'

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'vault-postgres-'))
})
afterEach(() => rm(dataDir, { recursive: true }))

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

/** The server's own process. */
async function serverPid(): Promise<number> {
  return Number((await readFile(path.join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0])
}

test('keeps its data, its address and its password from start to start', async () => {
  const first = await startEmbeddedPostgres(dataDir)
  await ask(first.url, "create table kept as select 'still here' as text")
  await first.stop()
  const second = await startEmbeddedPostgres(dataDir)
  expect(second.url).toBe(first.url)
  expect(await ask(second.url, 'select * from kept')).toEqual([{ text: 'still here' }])
  expect(
    await ask(second.url, 'select pg_encoding_to_char(encoding) as encoding, datcollate from pg_database'),
  ).toEqual(expect.arrayContaining([{ encoding: 'UTF8', datcollate: 'C' }]))
  await second.stop()
})

test('lets in nobody but its own role, with its password, over loopback', async () => {
  const server = await startEmbeddedPostgres(dataDir)
  const { port, password } = new URL(server.url)
  const as = (user: string, word: string, host = '127.0.0.1') =>
    ask(`postgresql://${user}:${word}@${host}:${port}/vault`, 'select 1')
  await expect(as('vault', 'wrong')).rejects.toThrow('password authentication failed')
  await expect(as('vault', '')).rejects.toThrow()
  await expect(as('postgres', password)).rejects.toThrow('no pg_hba.conf entry')
  expect(await ask(server.url, 'select rolsuper from pg_roles where rolname = current_user')).toEqual([
    { rolsuper: false },
  ])
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((address) => address && !address.internal && address.family === 'IPv4')
  if (outside) await expect(as('vault', password, outside.address)).rejects.toThrow('ECONNREFUSED')
  const passwordFile = await stat(path.join(dataDir, 'secrets', 'postgres-password'))
  expect(passwordFile.mode & 0o777).toBe(0o600)
  expect((await stat(path.join(dataDir, 'postgres'))).mode & 0o777).toBe(0o700)
  await server.stop()
})

test('writes no value into its log, not even of a statement that fails', async () => {
  const server = await startEmbeddedPostgres(dataDir)
  await ask(server.url, 'create table secrets (value text unique)')
  await ask(server.url, "insert into secrets values ('top secret')")
  await expect(ask(server.url, "insert into secrets values ('top secret')")).rejects.toThrow('duplicate key')
  await server.stop()
  const log = await readFile(path.join(dataDir, 'logs', 'postgres.log'), 'utf8')
  expect(log).toContain('duplicate key value violates unique constraint')
  expect(log).not.toContain('top secret')
})

test('starts again after it was killed', async () => {
  const server = await startEmbeddedPostgres(dataDir)
  await ask(server.url, "create table kept as select 'still here' as text")
  process.kill(await serverPid(), 'SIGKILL')
  await server.stop()
  const next = await startEmbeddedPostgres(dataDir)
  expect(await ask(next.url, 'select * from kept')).toEqual([{ text: 'still here' }])
  await next.stop()
})

test('starts over a postmaster.pid whose number belongs to another program by now', async () => {
  const server = await startEmbeddedPostgres(dataDir)
  const pidFile = path.join(dataDir, 'postgres', 'postmaster.pid')
  const left = await readFile(pidFile, 'utf8')
  await server.stop()
  await writeFile(pidFile, left.replace(/^\d+/, String(process.pid)))
  const next = await startEmbeddedPostgres(dataDir)
  expect(await serverPid()).not.toBe(process.pid)
  await next.stop()
})

test('stops a server that was left behind on its folder', async () => {
  const left = await startEmbeddedPostgres(dataDir)
  const leftPid = await serverPid()
  const next = await startEmbeddedPostgres(dataDir)
  expect(identify(leftPid)).toBeUndefined()
  expect(next.url).toBe(left.url)
  expect(await ask(next.url, 'select 1 as one')).toEqual([{ one: 1 }])
  await next.stop()
})

test('moves to another port when somebody took its own', async () => {
  const server = await startEmbeddedPostgres(dataDir)
  await server.stop()
  const thief = createServer().listen(Number(new URL(server.url).port), '127.0.0.1')
  await once(thief, 'listening')
  const next = await startEmbeddedPostgres(dataDir)
  expect(next.url).not.toBe(server.url)
  await next.stop()
  thief.close()
  expect(await portTrouble(Number(new URL(next.url).port), '127.0.0.1')).toBeUndefined()
})

test('refuses the data of another major version, and says what to do', async () => {
  await (await startEmbeddedPostgres(dataDir)).stop()
  await writeFile(path.join(dataDir, 'postgres', 'PG_VERSION'), '15\n')
  await expect(prepareEmbeddedPostgres(dataDir)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('was made by PostgreSQL 15, and this version of the console brings PostgreSQL 18'),
    fix: expect.stringContaining('Start it with the version of the console that made it'),
  })
})

test('names the last words of a server that does not start', async () => {
  const server = await prepareEmbeddedPostgres(dataDir)
  await writeFile(path.join(dataDir, 'postgres', 'postgresql.conf'), 'no_such_setting = 1\n')
  const child = await server.spawn()
  await once(child, 'exit')
  await expect(server.ready(child)).rejects.toThrow('PostgreSQL stopped while starting')
})

test.runIf(process.getuid?.() === 0)('runs as another user where root may make no namespace', async () => {
  const programs = await findPostgres(dataDir, () => false)
  expect(programs.postgres.uid).toBeGreaterThan(0)
  const server = await prepareEmbeddedPostgres(dataDir, programs)
  const child = await server.spawn()
  const exited = once(child, 'exit')
  await server.ready(child)
  expect((await stat(path.join(dataDir, 'postgres'))).uid).toBe(programs.postgres.uid)
  child.kill('SIGINT')
  await exited
  // And back, on the same folder.
  const next = await startEmbeddedPostgres(dataDir)
  await next.stop()
})

test.runIf(process.getuid?.() === 0)('says why, where root can become nobody else', async () => {
  const closed = path.join(dataDir, 'closed')
  const inner = path.join(closed, 'data')
  await mkdir(inner, { recursive: true })
  await chmod(closed, 0o700)
  await expect(findPostgres(inner, () => false)).rejects.toMatchObject({
    message: expect.stringContaining(`cannot reach ${inner}`),
    fix: expect.stringContaining('VAULT_DATA_DIR'),
  })
})
