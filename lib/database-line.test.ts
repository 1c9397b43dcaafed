import { once } from 'node:events'
import { createServer } from 'node:net'
import { PgBoss } from 'pg-boss'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CuttableLine, cuttableLine } from './cuttable-line-for-tests.ts'
import { databaseLine, patient } from './database-line.ts'
import { createDb, databaseTime } from './db.ts'
import { openTestDatabase } from './db-for-tests.ts'
import { isDatabaseOutOfReach, messageOf } from './errors.ts'
import { migrateDeploy } from './migrate.ts'

let here: Awaited<ReturnType<typeof openTestDatabase>>
let line: CuttableLine
beforeAll(async () => {
  here = await openTestDatabase()
  line = await cuttableLine(here.url)
})
afterAll(async () => {
  line.close()
  await here.close()
})

const thrownBy = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )

test('who asks over a line that was cut gives up, and finds the database again', async () => {
  const db = createDb(line.url, { ...patient, silentMs: 2_000 })
  try {
    await db.user.findFirst()
    line.hush()
    const error = await thrownBy(db.user.findFirst())
    expect(isDatabaseOutOfReach(error)).toBe(true)
    expect(messageOf(error)).toContain('cannot be reached')
    const inside = thrownBy(
      db.$transaction(async (tx) => {
        await tx.user.findFirst()
        line.hush()
        await tx.user.findFirst()
      }),
    )
    expect(isDatabaseOutOfReach(await inside)).toBe(true)
    // More often than there are connections: none of the dead ones is used again.
    for (let asked = 0; asked < 20; asked += 1) expect(await db.user.findFirst()).toBeNull()
  } finally {
    await db.$disconnect()
  }
}, 20_000)

test('what a transaction had locked when its line was cut is free again soon', async () => {
  const cut = createDb(line.url, { ...patient, silentMs: 30_000, idleInTransactionMs: 2_000 })
  const locked = Promise.withResolvers<void>()
  const freed = Promise.withResolvers<void>()
  const first = thrownBy(
    cut.$transaction(async (tx) => {
      await tx.$queryRaw`SELECT 1 FROM installation FOR UPDATE`
      locked.resolve()
      await freed.promise
    }),
  )
  try {
    await locked.promise
    line.hush()
    expect(await here.db.$executeRaw`UPDATE installation SET id = id`).toBe(1)
  } finally {
    line.close()
    freed.resolve()
    await first
    await cut.$disconnect()
    line = await cuttableLine(here.url)
  }
}, 20_000)

test('what waits too long for a lock is given up by the database as well, and never done later', async () => {
  const asks = createDb(here.url, { ...patient, silentMs: 2_000 })
  const freed = Promise.withResolvers<void>()
  const locked = Promise.withResolvers<void>()
  await here.db.$executeRaw`CREATE TABLE changed AS SELECT 0 AS n`
  const holder = here.db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM changed FOR UPDATE`
    locked.resolve()
    await freed.promise
  })
  try {
    await locked.promise
    const error = await thrownBy(asks.$executeRaw`UPDATE changed SET n = 1`)
    expect(messageOf(error)).toMatch(/^The console’s database did not get it done in time, and gave it up\. /)
    expect(isDatabaseOutOfReach(error)).toBe(true)
  } finally {
    freed.resolve()
    await holder
    await asks.$disconnect()
  }
  // Behind whatever still waits for the row.
  expect(await here.db.$queryRaw`SELECT n FROM changed FOR UPDATE`).toEqual([{ n: 0 }])
}, 20_000)

test('the queue gives up and comes back as well', async () => {
  const options = { ...databaseLine(line.url, { ...patient, silentMs: 2_000 }), max: 1 }
  const boss = new PgBoss({ ...options, supervise: false, schedule: false, migrate: false, createSchema: false })
  boss.on('error', () => undefined)
  try {
    await boss.start()
    await boss.getQueue('backup')
    line.hush()
    expect(messageOf(await thrownBy(boss.getQueues()))).toContain('cannot be reached')
    expect((await boss.getQueues()).length).toBeGreaterThan(0)
  } finally {
    await boss.stop({ graceful: false })
  }
}, 20_000)

test('a database that takes connections and says nothing is given up as soon as whoever asks wants', async () => {
  const frozen = createServer().listen(0, '127.0.0.1')
  await once(frozen, 'listening')
  const url = new URL(here.url)
  url.port = String(Object(frozen.address()).port)
  const db = createDb(url.href, { ...patient, connectMs: 1_000 })
  try {
    const began = performance.now()
    const asked = [db.user.findFirst(), db.$transaction(async (tx) => tx.user.findFirst())]
    for (const error of await Promise.all(asked.map(thrownBy))) expect(isDatabaseOutOfReach(error)).toBe(true)
    expect(performance.now() - began).toBeLessThan(patient.connectMs)
  } finally {
    await db.$disconnect()
    frozen.close()
  }
})

test('times are the same instants whatever zone and form the database has them in', async () => {
  const name = new URL(here.url).pathname.slice(1)
  await here.db.$executeRawUnsafe(`ALTER DATABASE ${name} SET TimeZone = 'America/New_York'`)
  await here.db.$executeRawUnsafe(`ALTER DATABASE ${name} SET DateStyle = 'German'`)
  const db = createDb(here.url)
  try {
    expect(Math.abs((await databaseTime(db)).getTime() - Date.now())).toBeLessThan(60_000)
    const at = new Date('2026-11-23T20:00:00Z')
    await db.notice.create({ data: { at, actor: 'console', title: 'zone', detail: '' } })
    const [row] = await db.$queryRaw<{ ms: number }[]>`
      SELECT (extract(epoch FROM "at") * 1000)::float8 AS ms FROM notice WHERE title = 'zone'`
    expect(row?.ms).toBe(at.getTime())
    // A further start reads when the migrations were made.
    expect(await migrateDeploy(here.url)).toEqual([])
  } finally {
    await db.$disconnect()
    await here.db.$executeRawUnsafe(`ALTER DATABASE ${name} RESET ALL`)
  }
})
