import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { takeTry } from '#lib/auth/sign-in-limit.ts'
import { type AwsFault, faultOf } from '#lib/aws/fault.ts'
import { cancelBackup } from '#lib/backup/cancel-job.ts'
import { actor } from '#lib/backup/console-for-tests.ts'
import { runBackup } from '#lib/backup/run-backup.ts'
import { runRestore } from '#lib/backup/run-restore.ts'
import { runVerification } from '#lib/backup/run-verification.ts'
import { sandboxConsole } from '#lib/backup/sandbox-console-for-tests.ts'
import { startRestore } from '#lib/backup/start-restore.ts'
import { startVerification } from '#lib/backup/start-verification.ts'
import { catalogTime } from '#lib/catalog/catalog-format.ts'
import { exportCatalog } from '#lib/catalog/export-catalog.ts'
import { databaseClock, databaseTime } from '#lib/db.ts'
import { checkHealth } from '#lib/health.ts'
import { followKeys, watchKeys } from '#lib/key-health/watch-keys.ts'
import { startProof } from '#lib/retire/run-proof.ts'
import { addSchedule } from '#lib/schedules/change-schedules.ts'
import { runShreds } from '#lib/shred/run-shreds.ts'
import { previewShred } from '#lib/shred/select-backups.ts'
import { startShred } from '#lib/shred/start-shred.ts'
import { liveHosts } from './choose-host.ts'
import { registerWorker } from './register-worker.ts'
import { undoFuture } from './undo-future.ts'

const minute = 60_000
const year = 365 * 24 * 60 * minute
const never = new AbortController().signal
const here = sandboxConsole({ masterKey: 'alias/backups' })
afterEach(() => void vi.useRealTimers())

/** As a machine would do it whose clock is wrong by so much; the database's is right. */
async function wrongBy<T>(ms: number, work: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms })
  try {
    return await work()
  } finally {
    vi.useRealTimers()
  }
}

const start = () => here.start(here.makeSmallSource())
const { row } = here
const fromNow = async (time: Date | null) => (time?.getTime() ?? Number.NaN) - (await databaseTime(here.db)).getTime()

/** The time in an ID, which says which of two rows is newer. */
const timeOf = (id: string) => new Date(Number.parseInt(id.replace('-', '').slice(0, 12), 16))

test.each([-year, -5 * minute, 5 * minute, year])('a worker %i ms off lives and dies as all others do', async (ms) => {
  const place = { host: 'off.example.test', sourceRoots: [], restoreRoots: [] }
  const worker = await wrongBy(ms, () => registerWorker(here.db, place))
  const hosts = async () => (await liveHosts(here.db)).map(({ host }) => host)
  expect(await hosts()).toEqual([place.host])
  expect(await wrongBy(-ms, hosts)).toEqual([place.host])
  expect(await checkHealth({ db: here.db, backup: here.context })).toEqual({ status: 'ok' })
  // Nobody who starts takes it for one that has been dead for long.
  const other = await wrongBy(-ms, () => registerWorker(here.db, { ...place, host: 'other.example.test' }))
  expect(await hosts()).toEqual(['off.example.test', 'other.example.test'])
  await here.db.$executeRaw`UPDATE "worker" SET "seenAt" = now() - interval '1 minute'`
  expect(await wrongBy(ms, hosts)).toEqual([])
  // The database's own clock was ahead: one that died then is not alive for a year.
  await here.db.$executeRaw`UPDATE "worker" SET "seenAt" = now() + interval '1 year'`
  expect(await hosts()).toEqual([])
  await worker.withdraw()
  await other.withdraw()
})

test('what a machine of the wrong time makes is as new as it is, and is tried again as soon', async () => {
  const first = await start()
  const late = await wrongBy(-3 * 24 * 60 * minute, start)
  const early = await wrongBy(year, start)
  const last = await start()
  expect([last, early, first, late].sort()).toEqual([first, late, early, last])
  for (const id of [late, early])
    for (const time of [(await row(id)).createdAt, timeOf(id)])
      expect(Math.abs(await fromNow(time))).toBeLessThan(minute)

  await here.fail({ service: 'kms', operation: 'Encrypt', effect: 'Outage' })
  // As far as AWS takes it.
  await wrongBy(4 * minute, () => runBackup(here.context, early, never))
  const { state, nextTryAt } = await row(early)
  expect(state).toBe('waiting')
  expect(await fromNow(nextTryAt)).toBeLessThan(minute)
}, 60_000)

test('of two verifications the newer one counts, by whose clock ever: it has the database’s time', async () => {
  const backup = await start()
  await here.db.backup.update({ where: { id: backup }, data: { state: 'complete' } })
  const verify = async () => {
    const id = await startVerification(here.context, { backupId: backup, depth: 'full' }, actor)
    await here.db.backupVerification.update({ where: { id }, data: { state: 'complete' } })
    return id
  }
  const [early, right] = [await wrongBy(year, verify), await verify()]
  expect(early < right).toBe(true)
  expect(Math.abs(await fromNow(timeOf(early)))).toBeLessThan(minute)
})

test('what is started on a machine of the wrong time has the database’s, and so has its place in every list', async () => {
  const backup = await start()
  await runBackup(here.context, backup, never)
  let number = 0
  const starts: Record<string, () => Promise<string>> = {
    restore: () => startRestore(here.context, { backupId: backup, target: `${backup}-${++number}` }, 'page', actor),
    schedule: async () => {
      const source = here.makeSmallSource()
      const when = { every: 'daily', at: 120, weekday: 0, keep: 3 } as const
      const wish = { source, host: '', name: `schedule ${++number}`, include: [], exclude: [], ...when }
      return (await addSchedule(here.context, wish, 'page', actor)).id
    },
    proof: () => startProof(here.context, `${here.key('backups')}${++number}`, actor),
  }
  for (const [what, begin] of Object.entries(starts)) {
    const [early, late, right] = [await wrongBy(year, begin), await wrongBy(-year, begin), await begin()]
    expect([right, late, early].sort(), what).toEqual([early, late, right])
    for (const id of [early, late]) expect(Math.abs(await fromNow(timeOf(id))), what).toBeLessThan(minute)
  }
  const times = await here.db.$queryRaw<{ off: number }[]>`
    SELECT abs(extract(epoch FROM now() - "createdAt"))::float8 AS off FROM "restore"
    UNION ALL SELECT abs(extract(epoch FROM now() - "createdAt"))::float8 FROM "schedule"
    UNION ALL SELECT abs(extract(epoch FROM now() - "createdAt"))::float8 FROM "retire_proof"`
  expect(times).toHaveLength(9)
  for (const { off } of times) expect(off).toBeLessThan(60)
  // The first run of a schedule is the next one, not one in a year or one that was missed.
  for (const { nextRunAt } of await here.db.schedule.findMany()) {
    expect(await fromNow(nextRunAt)).toBeGreaterThan(0)
    expect(await fromNow(nextRunAt)).toBeLessThanOrEqual(24 * 60 * minute)
  }
})

test('what a clock that was ahead put off for a year is done once it is right', async () => {
  const id = await start()
  const jobs = () =>
    here.db.$queryRaw<{ due: boolean; kept: boolean }[]>`
      SELECT start_after <= now() AS due, keep_until > now() + interval '1 year' AS kept FROM pgboss.job
      WHERE data->>'id' = ${id}`
  await here.db.$executeRaw`UPDATE pgboss.job SET start_after = now() + interval '1 year' WHERE data->>'id' = ${id}`
  await here.db.$executeRaw`UPDATE pgboss.queue SET monitor_claim_on = now() + interval '1 year'`
  await here.db.backup.update({ where: { id }, data: { state: 'waiting', nextTryAt: new Date(Date.now() + year) } })
  const soon = await start()
  const inFiveMinutes = new Date(Date.now() + 5 * minute)
  await here.db.backup.update({ where: { id: soon }, data: { state: 'waiting', nextTryAt: inFiveMinutes } })
  await undoFuture(here.db)
  expect(await jobs()).toEqual([{ due: true, kept: true }])
  expect(await fromNow((await row(id)).nextTryAt)).toBeLessThanOrEqual(0)
  expect((await row(soon)).nextTryAt).toEqual(inFiveMinutes)
  await here.db.backup.update({ where: { id: soon }, data: { seenAt: new Date(Date.now() + year) } })
  await undoFuture(here.db)
  expect(await fromNow((await row(soon)).seenAt)).toBeLessThanOrEqual(0)
  const put = await here.db.$queryRaw`SELECT 1 FROM pgboss.queue WHERE monitor_claim_on > now()`
  expect(put).toEqual([])

  // Its worker died meanwhile.
  await here.db.$executeRaw`
    UPDATE pgboss.job SET state = 'active', started_on = now(), heartbeat_on = now() + interval '1 year'
    WHERE data->>'id' = ${id}`
  await undoFuture(here.db)
  const beats = await here.db.$queryRaw`SELECT heartbeat_on <= now() AS now FROM pgboss.job WHERE data->>'id' = ${id}`
  expect(beats).toEqual([{ now: true }])
})

test('a key that was tried by a clock that was ahead is tried again in its time', async () => {
  await followKeys(here.context, await databaseTime(here.db))
  await here.db.keyHealth.updateMany({ data: { nextCheckAt: new Date(0) } })
  await wrongBy(year, () => watchKeys(here.context, { everyMs: 15 * minute, unhealthyEveryMs: minute }))
  const { checkedAt, nextCheckAt } = await here.db.keyHealth.findFirstOrThrow()
  expect(await fromNow(checkedAt)).toBeLessThanOrEqual(0)
  expect(await fromNow(nextCheckAt)).toBeLessThan(20 * minute)
})

test('a key that a machine whose clock is ahead has used is tried in its time, and its trouble looked at', async () => {
  const arn = here.key('backups')
  const stands = () => here.db.keyHealth.findUniqueOrThrow({ where: { arn } })
  const use = (operation: string, fault?: AwsFault) =>
    wrongBy(year, () => {
      here.context.kmsTally.of('restore')({ operation, key: arn, requests: 1, fault })
      return here.context.kmsTally.flush()
    })
  await followKeys(here.context, await databaseTime(here.db))
  await use('Encrypt')
  await use('Decrypt')
  const { encryptProvenAt, decryptProvenAt } = await stands()
  for (const at of [encryptProvenAt, decryptProvenAt]) expect(Math.abs(await fromNow(at))).toBeLessThan(minute)
  const [before, after] = [new Date(Date.now() - 10 * minute), new Date(Date.now() + 10 * minute)]
  await here.db.keyHealth.updateMany({ data: { state: 'healthy', checkedAt: before, nextCheckAt: after } })
  await use('Decrypt', faultOf(new Error('It was refused.')))
  expect(await fromNow((await stands()).nextCheckAt)).toBeLessThanOrEqual(0)

  // Or a clock of the database that was ahead then.
  const ahead = new Date(Date.now() + 60 * minute)
  await here.db.keyHealth.updateMany({ data: { encryptProvenAt: ahead, decryptProvenAt: ahead, checkedAt: before } })
  await watchKeys(here.context, { everyMs: 15 * minute, unhealthyEveryMs: minute })
  expect(Math.abs(await fromNow((await stands()).checkedAt))).toBeLessThan(minute)
})

test('a catalogue that a machine of the wrong time exports is as new as it is', async () => {
  // As far as AWS takes it.
  const { time } = await wrongBy(4 * minute, () => exportCatalog(here.context, undefined, actor))
  const now = catalogTime(await databaseTime(here.db))
  expect(time < now).toBe(true)
})

test('a worker whose clock is ahead does not end the time in which a crypto-shred can be undone', async () => {
  const backup = await start()
  await runBackup(here.context, backup, never)
  const selection = { id: [backup] }
  const { digest, name } = await previewShred(here.db, selection)
  const wish = { selection, digest, name, reason: '', hours: 72 }
  const id = await wrongBy(-year, () => startShred(here.context, wish, actor))
  await wrongBy(year, () => runShreds(here.context, never))
  const { state, dueAt } = await here.db.shred.findUniqueOrThrow({ where: { id } })
  expect(state).toBe('waiting')
  expect(await fromNow(dueAt)).toBeGreaterThan(71 * 60 * minute)
  expect(await row(backup)).toMatchObject({ state: 'complete' })
}, 60_000)

test('an account is locked for a quarter of an hour by whatever clock, and not for a year', async () => {
  for (let taken = 0; taken < 10; taken += 1) expect(await takeTry(here.db, 'somebody')).toBe(0)
  for (const clock of [0, year, -year]) {
    const seconds = await wrongBy(clock, () => takeTry(here.db, 'somebody'))
    expect(seconds).toBeGreaterThan(0)
    expect(seconds).toBeLessThanOrEqual(900)
  }
  // Or by a clock of the database that was ahead then.
  await here.db.$executeRaw`UPDATE "rateLimit" SET "lastRequest" = "lastRequest" + ${year}`
  expect(await takeTry(here.db, 'somebody')).toBe(0)
})

test('what runs on a machine of the wrong time began and ended at the database’s', async () => {
  const [done, cancelled] = [await start(), await start()]
  // As far as AWS takes it.
  await wrongBy(4 * minute, () => runBackup(here.context, done, never))
  await wrongBy(-year, () => cancelBackup(here.context, cancelled, actor))
  const restore = await startRestore(here.context, { backupId: done, target: `wrong-${done}` }, 'page', actor)
  await wrongBy(-4 * minute, () => runRestore(here.context, restore, never))
  const verification = await startVerification(here.context, { backupId: done, depth: 'quick' }, actor)
  await wrongBy(4 * minute, () => runVerification(here.context, verification, never))
  const rows = [
    await row(done),
    await here.db.restore.findUniqueOrThrow({ where: { id: restore } }),
    await here.db.backupVerification.findUniqueOrThrow({ where: { id: verification } }),
  ]
  for (const { state, startedAt, finishedAt } of rows) {
    expect(state).toBe('complete')
    for (const time of [startedAt, finishedAt]) expect(Math.abs(await fromNow(time))).toBeLessThan(minute)
    expect(finishedAt?.getTime()).toBeGreaterThanOrEqual(startedAt?.getTime() ?? Number.NaN)
  }
  expect(Math.abs(await fromNow((await row(cancelled)).finishedAt))).toBeLessThan(minute)
}, 60_000)

test('the database’s clock is not ahead when its answer took long', async () => {
  let waited = 0
  const now = performance.now()
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now + waited)
  onTestFinished(() => clock.mockRestore())
  const slow = here.db.$extends({
    query: {
      $allOperations({ args, query }) {
        waited = minute
        return query(args)
      },
    },
  })
  const told = await databaseClock(new Proxy(here.db, { get: (_, name) => Reflect.get(slow, name) }))
  expect(waited).toBe(minute)
  const answer = told().getTime()
  expect(answer).toBeLessThanOrEqual((await databaseTime(here.db)).getTime())
  waited += 1000
  expect(told().getTime()).toBe(answer + 1000)
})
