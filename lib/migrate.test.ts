import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { chainStart } from '#lib/audit/chain.ts'
import { walkChain } from '#lib/audit/walk-chain.ts'
import { startEmbeddedPostgres } from '#lib/supervisor/embedded-postgres-for-tests.ts'
import { createDb } from './db.ts'
import { migrateDeploy } from './migrate.ts'

let root: string
let server: Awaited<ReturnType<typeof startEmbeddedPostgres>>
/** Empty, and another one for each test. */
let url: string

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'vault-migrate-'))
  server = await startEmbeddedPostgres(root)
})
afterAll(async () => {
  await server.stop()
  await rm(root, { recursive: true })
})
beforeEach(async () => {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await ask(server.url, `create database ${name}`)
  url = server.url.replace(/\/vault$/, `/${name}`)
})

async function ask(database: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: database })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

async function migrations(scripts: Record<string, string>): Promise<string> {
  const folder = path.join(root, randomUUID())
  for (const [name, sql] of Object.entries(scripts)) {
    await mkdir(path.join(folder, name), { recursive: true })
    await writeFile(path.join(folder, name, 'migration.sql'), sql)
  }
  return folder
}

const first = { '1_fruit': 'create table fruit (name text primary key);' }
const second = { '2_colour': "alter table fruit add colour text; insert into fruit values ('apple; red', 'red');" }

test('fills an empty database with the migrations of this project, once', async () => {
  const applied = await migrateDeploy(url)
  expect(applied.length).toBeGreaterThan(0)
  expect(await migrateDeploy(url)).toEqual([])
  const rows = await ask(
    url,
    'select migration_name as name from _prisma_migrations where finished_at is not null order by finished_at',
  )
  expect(rows).toEqual(applied.map((name) => ({ name })))
})

test('applies to a half-migrated database only what it lacks', async () => {
  expect(await migrateDeploy(url, await migrations(first))).toEqual(['1_fruit'])
  await ask(url, "insert into fruit values ('pear')")
  expect(await migrateDeploy(url, await migrations({ ...first, ...second }))).toEqual(['2_colour'])
  expect(await ask(url, 'select * from fruit order by name')).toEqual([
    { name: 'apple; red', colour: 'red' },
    { name: 'pear', colour: null },
  ])
})

test('of four at once exactly one applies', async () => {
  const folder = await migrations({ ...first, ...second })
  const applied = await Promise.all(Array.from({ length: 4 }, () => migrateDeploy(url, folder)))
  expect(applied.map((names) => names.length).sort()).toEqual([0, 0, 0, 2])
  expect(await ask(url, 'select count(*)::int as rows from fruit')).toEqual([{ rows: 1 }])
})

test('sends a script as it is: functions have semicolons of their own', async () => {
  const body = 'create function twice(n int) returns int language plpgsql as $$ begin n := n * 2; return n; end $$;'
  await migrateDeploy(url, await migrations({ '1_function': body }))
  expect(await ask(url, 'select twice(21) as answer')).toEqual([{ answer: 42 }])
})

test('says which migration failed and why, leaves nothing of it behind, and can be tried again', async () => {
  const bad = await migrations({ ...first, '2_half': 'create table half (id int); insert into nowhere values (1);' })
  await expect(migrateDeploy(url, bad)).rejects.toMatchObject({
    code: 'unavailable',
    message: 'The database could not be migrated (2_half): relation "nowhere" does not exist.',
  })
  expect(await ask(url, "select to_regclass('half') as half, to_regclass('fruit')::text as fruit")).toEqual([
    { half: null, fruit: 'fruit' },
  ])
  const good = await migrations({ ...first, '2_half': 'create table half (id int);' })
  expect(await migrateDeploy(url, good)).toEqual(['2_half'])
})

test('goes on where a migration was interrupted', async () => {
  await migrateDeploy(url, await migrations(first))
  await ask(
    url,
    `insert into _prisma_migrations (id, checksum, migration_name, started_at, applied_steps_count)
     values ('1', 'none', '2_colour', now(), 0)`,
  )
  expect(await migrateDeploy(url, await migrations({ ...first, ...second }))).toEqual(['2_colour'])
})

test('audit events from before their chain are its beginning, in the order of their IDs', async () => {
  const folder = path.join(root, randomUUID())
  await cp(path.join(import.meta.dirname, '..', 'prisma', 'migrations'), folder, {
    recursive: true,
    filter: (name) => !(path.basename(name) >= '20261130' && /^\d/.test(path.basename(name))),
  })
  await migrateDeploy(url, folder)
  const event = (id: number) =>
    `(${id}, 'a@example.test', 'auth.sign-in', 'success', 'größe ${id}', '{"b": ["x", null]}')`
  const write = (...ids: number[]) =>
    ask(url, `insert into audit_event (id, actor, action, outcome, subject, changes) values ${ids.map(event).join()}`)
  await write(7, 3, 5)
  expect(await migrateDeploy(url)).toContain('20261201000000_audit_chain')
  await write(4)
  const db = createDb(url)
  expect(await walkChain(db, chainStart)).toMatchObject({ end: { number: 4n }, first: { id: '3' }, fault: undefined })
  await db.$disconnect()
  const order = await ask(url, 'select "eventId"::int as id from audit_link order by number')
  expect(order).toEqual([3, 5, 7, 4].map((id) => ({ id })))
})

test('refuses the database of a newer console, and leaves it as it is', async () => {
  await migrateDeploy(url, await migrations({ ...first, ...second }))
  await expect(migrateDeploy(url, await migrations(first))).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/newer version of the console: it has the migration 2_colour/),
  })
  expect(await migrateDeploy(url, await migrations({ ...first, ...second }))).toEqual([])
})

test('says that the database cannot be reached', async () => {
  await expect(migrateDeploy('postgresql://vault@127.0.0.1:1/vault')).rejects.toMatchObject({
    code: 'unreachable',
    retryable: true,
  })
})

test('the prisma command works with the same engine, and finds nothing left to do', { timeout: 60_000 }, async () => {
  await migrateDeploy(url)
  const checkout = path.join(import.meta.dirname, '..')
  const prisma = async (...args: string[]) => {
    const program = [path.join(checkout, 'node_modules', 'prisma', 'build', 'index.js'), ...args]
    const env = { ...process.env, DATABASE_URL: url }
    return (await promisify(execFile)(process.execPath, program, { cwd: checkout, env })).stdout
  }
  expect(await prisma('migrate', 'status')).toContain('Database schema is up to date')
  const fromMigrations = ['--from-migrations', 'prisma/migrations', '--to-schema', 'prisma/schema.prisma']
  expect(await prisma('migrate', 'diff', ...fromMigrations, '--script')).toContain('empty migration')
  expect(await ask(server.url, "select datname from pg_database where datname like 'prisma%'")).toEqual([])
})
