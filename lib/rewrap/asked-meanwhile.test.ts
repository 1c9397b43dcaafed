import { beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { actor } from '#lib/backup/console-for-tests.ts'
import { gatedConsole } from '#lib/backup/gated-console-for-tests.ts'
import { AppError } from '#lib/errors.ts'
import { giveBack, giveUpRewrap, pauseByItself } from './end-rewrap.ts'
import { plantBackups } from './plant-backups-for-tests.ts'
import { requestOf, stands, startNow } from './rewrap-for-tests.ts'
import { runRewrap } from './run-rewrap.ts'
import { cancelRewrap, pauseRewrap, resumeRewrap } from './steer-rewrap.ts'

// What somebody asks of a re-wrap that is at work counts, whatever else happens to it at that moment.

const never = new AbortController().signal
const here = gatedConsole()

beforeAll(() => here.save({ masterKey: 'alias/backups' }))
beforeEach(async () => {
  await here.db.rewrap.deleteMany()
  await here.db.backup.deleteMany()
})

async function start(): Promise<string> {
  await plantBackups(here, 3)
  return startNow(here.context, requestOf(here.key('backups'), here.key('archive')))
}
const jobsOf = (id: string) =>
  here.db.$queryRaw<unknown[]>`SELECT 1 FROM pgboss.job WHERE data->>'id' = ${id} AND state < 'active'`

/** Resolves when the worker has written to its row, and read what is asked of it, twice: of the first it knows by then. */
async function hasLookedTwice(id: string): Promise<void> {
  const seen = new Set<string>()
  await vi.waitFor(async () => {
    const [row] = await here.db.$queryRaw<{ version: string }[]>`
      SELECT xmin::text AS version FROM "rewrap" WHERE "id" = ${id}::uuid`
    if (row) seen.add(row.version)
    expect(seen.size).toBeGreaterThan(2)
  }, 30_000)
}

test('paused, and resumed before its worker has got that far: it goes on', async () => {
  const id = await start()
  const hold = here.gate.hold(({ method, url }) => method === 'PUT' && url.includes('/envelope.json'))
  const running = runRewrap(here.context, id, never)
  // Where the test ends early: the next one begins without it.
  onTestFinished(async () => {
    hold.release()
    await running
  })
  await hold.arrived(3)
  expect(await pauseRewrap(here.context, id, actor)).toBe('asked')
  await hasLookedTwice(id)
  expect(await resumeRewrap(here.context, id, actor)).toBe('done')
  await here.db.$executeRaw`DELETE FROM pgboss.job WHERE data->>'id' = ${id}`
  hold.release()
  await running
  expect(await stands(here.context, id)).toMatchObject({ state: 'queued', wish: null })
  expect(await jobsOf(id)).toHaveLength(1)
  await runRewrap(here.context, id, never)
  expect(await stands(here.context, id)).toMatchObject({ state: 'complete', done: 3, exchanged: 3 })
})

test('cancelled, and its worker died too often: it is cancelled, and has not paused', async () => {
  const id = await start()
  await here.db.rewrap.update({ where: { id }, data: { state: 'running', attempt: 6 } })
  expect(await cancelRewrap(here.context, id, actor)).toBe('asked')
  await giveUpRewrap(here.context, id)
  expect(await stands(here.context, id)).toMatchObject({ state: 'cancelled', error: null })
  const finish = { action: 'rewrap.finish', subject: { contains: id } }
  expect(await here.db.auditEvent.findMany({ where: finish })).toMatchObject([{ outcome: 'cancelled', actor }])
})

test('paused since its worker seemed dead, and resumed: that worker wakes up and changes nothing', async () => {
  const id = await start()
  const asleep = await here.db.rewrap.update({ where: { id }, data: { state: 'running', attempt: 6 } })
  await giveUpRewrap(here.context, id)
  expect(await stands(here.context, id)).toMatchObject({ state: 'paused', error: expect.stringContaining('died') })
  expect(await resumeRewrap(here.context, id, actor)).toBe('done')
  const jobs = await jobsOf(id)
  await giveBack(here.context, asleep)
  await pauseByItself(here.db, asleep, new AppError('denied', 'The new key refuses.'))
  expect(await jobsOf(id)).toHaveLength(jobs.length)
  expect(await stands(here.context, id)).toMatchObject({ state: 'queued', error: null })
})

test('cancelled by one, and then paused by another: it is cancelled', async () => {
  const id = await start()
  await here.db.rewrap.update({ where: { id }, data: { state: 'running' } })
  expect(await cancelRewrap(here.context, id, actor)).toBe('asked')
  await expect(pauseRewrap(here.context, id, 'other@example.test')).rejects.toThrow('it is being cancelled')
  await runRewrap(here.context, id, AbortSignal.abort())
  expect(await stands(here.context, id)).toMatchObject({ state: 'cancelled' })
})

test('what the database refuses when it is given back is in the log: it begins again', async () => {
  const id = await start()
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
  await here.db.$executeRaw`ALTER TABLE "rewrap" ADD CONSTRAINT refuse CHECK ("state" <> 'queued') NOT VALID`
  onTestFinished(async () => {
    logged.mockRestore()
    await here.db.$executeRaw`ALTER TABLE "rewrap" DROP CONSTRAINT refuse`
  })
  await expect(runRewrap(here.context, id, AbortSignal.abort())).rejects.toThrow()
  expect(logged.mock.calls.map(([line]) => String(line))).toContainEqual(
    expect.stringMatching(new RegExp(`"rewrap":"${id}","message":"It begins again: `)),
  )
})
