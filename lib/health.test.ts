import { afterEach, expect, test } from 'vitest'
import { sandboxConsole } from '#lib/backup/sandbox-console-for-tests.ts'
import { createDb } from '#lib/db.ts'
import { isDatabaseOutOfReach, messageOf } from '#lib/errors.ts'
import { databaseHasRoom } from './database-room.ts'
import { checkHealth } from './health.ts'
import { registerWorker, workerDeadAfterMs } from './jobs/register-worker.ts'
import { canMakeDisks, openDatabaseOnSmallDisk } from './small-disk-for-tests.ts'

const here = sandboxConsole()
afterEach(async () => {
  await here.db.keyHealth.deleteMany()
  await here.db.restore.deleteMany()
  await here.db.backup.deleteMany()
})

const health = (changes: Partial<Parameters<typeof checkHealth>[0]> = {}) =>
  checkHealth({ db: here.db, backup: here.context, ...changes })

test('what is missing is named, and nothing else is told', async () => {
  expect(await health()).toEqual({ status: 'unavailable', part: 'worker' })
  const worker = await registerWorker(here.db, { host: 'here', sourceRoots: [], restoreRoots: [] })
  expect(await health()).toEqual({ status: 'ok' })

  const nowhere = { ...here.context, own: { ...here.context.own, endpoint: 'http://127.0.0.1:1' } }
  expect(await health({ backup: nowhere })).toEqual({ status: 'unavailable', part: 'sandbox' })
  expect(
    await health({ backup: { ...here.context, own: { credentials: { variables: {} }, endpoint: undefined } } }),
  ).toEqual({
    status: 'ok',
  })
  const gone = createDb('postgresql://vault:wrong@127.0.0.1:1/vault')
  expect(await health({ db: gone })).toEqual({ status: 'unavailable', part: 'database' })
  const refused: unknown = await gone.user.count().catch((error: unknown) => error)
  expect(isDatabaseOutOfReach(refused)).toBe(true)
  expect(messageOf(refused)).toMatch(/cannot be reached.*DATABASE_URL/)
  await gone.$disconnect()

  await here.db.worker.updateMany({ data: { seenAt: new Date(Date.now() - workerDeadAfterMs - 1000) } })
  expect(await health()).toEqual({ status: 'unavailable', part: 'worker' })
  await worker.withdraw()
  expect(await here.db.worker.count()).toBe(0)
})

test('a failed backup or restore is the newest one’s business only', async () => {
  const worker = await registerWorker(here.db, { host: 'here', sourceRoots: [], restoreRoots: [] })
  await here.save({ method: 'AES-256' })
  const backup = (state: 'failed' | 'complete' | 'running', minute: number) =>
    here.db.backup.create({
      data: {
        ...{ environmentId: here.environment, revision: 1, name: 'x', source: '/x', region: 'us-east-1', bucket: 'x' },
        ...{ prefix: '', method: 'AES-256', createdBy: 'x', state },
        finishedAt: state === 'running' ? null : new Date(2026, 0, 1, 0, minute),
      },
    })
  const restore = (backupId: string, state: 'failed' | 'complete', minute: number) =>
    here.db.restore.create({
      data: { backupId, target: '/x', createdBy: 'x', state, finishedAt: new Date(2026, 0, 1, 0, minute) },
    })
  const { id } = await backup('complete', 1)
  expect(await health()).toEqual({ status: 'ok' })
  await backup('failed', 2)
  expect(await health()).toEqual({ status: 'degraded' })
  await backup('running', 0)
  expect(await health()).toEqual({ status: 'degraded' })
  await backup('complete', 3)
  expect(await health()).toEqual({ status: 'ok' })
  await restore(id, 'failed', 4)
  expect(await health()).toEqual({ status: 'degraded' })
  await restore(id, 'complete', 5)
  expect(await health()).toEqual({ status: 'ok' })
  await worker.withdraw()
})

test('workers that were never withdrawn are forgotten in time', async () => {
  await here.db.worker.create({
    data: { host: 'long-gone.example.test', seenAt: new Date(Date.now() - 11 * workerDeadAfterMs) },
  })
  await here.db.worker.create({
    data: { host: 'slow.example.test', seenAt: new Date(Date.now() - 2 * workerDeadAfterMs) },
  })
  const worker = await registerWorker(here.db, { host: 'here', sourceRoots: [], restoreRoots: [] })
  const hosts = (await here.db.worker.findMany()).map(({ host }) => host)
  expect(hosts).toHaveLength(2)
  expect(hosts).not.toContain('long-gone.example.test')
  await worker.withdraw()
})

test('a key in trouble degrades it', async () => {
  const worker = await registerWorker(here.db, { host: 'here', sourceRoots: [], restoreRoots: [] })
  const now = new Date()
  const row = { arn: 'arn:aws:kms:us-east-1:111122223333:key/x', since: now, nextCheckAt: now }
  await here.db.keyHealth.create({ data: { ...row, state: 'healthy' } })
  expect(await health()).toEqual({ status: 'ok' })
  await here.db.keyHealth.updateMany({ data: { state: 'unreachable' } })
  expect(await health()).toEqual({ status: 'degraded' })
  await worker.withdraw()
})

test.skipIf(!canMakeDisks)('a database whose disk is full serves nobody, however well it is read', async () => {
  const disk = await openDatabaseOnSmallDisk()
  const db = createDb(disk.url)
  const worker = await registerWorker(db, { host: 'here', sourceRoots: [], restoreRoots: [] })
  expect(await health({ db })).toEqual({ status: 'ok' })
  disk.fill()
  // One who has not asked before; who has gets the last answer, for a while.
  const another = createDb(disk.url)
  expect(await health({ db: another })).toEqual({ status: 'unavailable', part: 'database disk' })
  expect(await health({ db })).toEqual({ status: 'ok' })
  expect(await databaseHasRoom(db, performance.now() + 15_000)).toBe(false)
  expect(await db.worker.count()).toBe(1)
  await expect(db.$executeRaw`create table more as select * from generate_series(1, 1000000)`).rejects.toSatisfy(
    (error) => messageOf(error).startsWith('The disk of the console’s database is full.'),
  )
  await disk.empty()
  expect(await databaseHasRoom(db, performance.now() + 30_000)).toBe(true)
  await worker.withdraw()
  await Promise.all([db.$disconnect(), another.$disconnect()])
  await disk.close()
})
