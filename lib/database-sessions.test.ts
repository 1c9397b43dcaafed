import { afterAll, beforeAll, expect, test } from 'vitest'
import { mustKeepSessions } from './database-sessions.ts'
import { openTestDatabase } from './db-for-tests.ts'
import { runWorker } from './jobs/run-worker.ts'
import { migrateDeploy } from './migrate.ts'
import { pooledLine } from './pooled-line-for-tests.ts'

let here: Awaited<ReturnType<typeof openTestDatabase>>
let line: Awaited<ReturnType<typeof pooledLine>>
beforeAll(async () => {
  here = await openTestDatabase()
  line = await pooledLine(here.url)
})
afterAll(async () => {
  line.close()
  await here.close()
})

test('a database that is asked itself keeps a session for each connection', async () => {
  await expect(mustKeepSessions(here.url)).resolves.toBeUndefined()
})

test('a pooler that lends sessions is refused by a start, and by a worker that is started elsewhere', async () => {
  const refused = { code: 'invalid', message: expect.stringMatching(/pooler .* one transaction at a time/) }
  await expect(migrateDeploy(line.url)).rejects.toMatchObject(refused)
  const place = { host: 'files.example.test', sourceRoots: [], restoreRoots: [] }
  const services = { databaseUrl: line.url, db: here.db, backup: Object(null), env: Object(null) }
  await expect(runWorker(services, place)).rejects.toMatchObject(refused)
  // No lock of the migrations stayed behind.
  expect(await migrateDeploy(here.url)).toEqual([])
})

test('one that is out of reach is told as that', async () => {
  const closed = Object.assign(new URL(here.url), { port: '1' }).href
  await expect(mustKeepSessions(closed)).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringMatching(/cannot be reached/),
  })
})
