import { afterAll, beforeAll, expect, test } from 'vitest'
import { cuttableLine } from './cuttable-line-for-tests.ts'
import { createDb, type Db } from './db.ts'
import { openTestDatabase } from './db-for-tests.ts'
import { isDatabaseError, isDatabaseOutOfReach, messageOf } from './errors.ts'
import { migrateDeploy } from './migrate.ts'

let here: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  here = await openTestDatabase()
})
afterAll(() => here.close())

const other = (change: (url: URL) => void) => {
  const url = new URL(here.url)
  change(url)
  return url.href
}

test.each<[string, () => string, RegExp]>([
  ['a wrong password', () => other((url) => (url.password = 'wrong')), /refuses the password of its user vault\. /],
  ['no such database', () => other((url) => (url.pathname = '/elsewhere')), /has no database elsewhere\. /],
  [
    'a user that is not let in',
    () => other((url) => (url.username = 'stranger')),
    /not let its user in .* without TLS\. /,
  ],
  ['no TLS there', () => other((url) => (url.search = '?sslmode=no-verify')), /No TLS connection .* Switch TLS on/],
  ['a closed port', () => other((url) => (url.port = '1')), /at 127\.0\.0\.1:1 cannot be reached\. /],
])('%s is told as that, by queries and by the start alike', async (_, url, words) => {
  const db = createDb(url())
  const error: unknown = await db.user.findFirst().catch((thrown: unknown) => thrown)
  await db.$disconnect()
  expect(messageOf(error)).toMatch(words)
  expect(isDatabaseOutOfReach(error)).toBe(true)
  const started: unknown = await migrateDeploy(url()).catch((thrown: unknown) => thrown)
  expect(messageOf(started)).toMatch(words)
})

test('a CA that is not there is named, by queries and by the start alike', async () => {
  const url = other((one) => (one.search = '?sslmode=verify-full&sslrootcert=/nowhere/ca.pem'))
  const words = /^The file \/nowhere\/ca\.pem, which DATABASE_URL names as sslrootcert, cannot be read\. /
  expect(() => createDb(url)).toThrow(expect.objectContaining({ code: 'invalid' }))
  const started: unknown = await migrateDeploy(url).catch((thrown: unknown) => thrown)
  expect(messageOf(started)).toMatch(words)
})

test('a connection that ends in the middle is the database’s error, whatever was under way', async () => {
  const line = await cuttableLine(here.url)
  const db = createDb(line.url)
  try {
    for (const end of ['end', 'resetAndDestroy'] as const) {
      const query = thrownBy(db.$queryRaw`SELECT pg_sleep(60)::text`)
      await busy(here.db, 'pg_sleep(60)')
      await line.cut(end)
      expectLost(await query)
      const between = Promise.withResolvers<void>()
      const transaction = thrownBy(
        db.$transaction(async (tx) => {
          await tx.user.findFirst()
          await line.cut(end)
          between.resolve()
          await tx.user.findFirst()
        }),
      )
      await between.promise
      expectLost(await transaction)
    }
    expect(await db.user.findFirst()).toBeNull()
  } finally {
    await db.$disconnect()
    line.close()
  }
})

test('a transaction that finds no connection is told as a database that does not answer in time', async () => {
  const db = createDb(here.url)
  const full = Promise.withResolvers<void>()
  const holders = Array.from({ length: 10 }, () => {
    const holds = Promise.withResolvers<void>()
    const held = db.$transaction(async () => {
      holds.resolve()
      await full.promise
    })
    return { holds: holds.promise, held }
  })
  try {
    await Promise.all(holders.map(({ holds }) => holds))
    const error = await thrownBy(db.$transaction(async (tx) => tx.user.findFirst(), { maxWait: 100 }))
    expect(messageOf(error)).toContain('The console’s database does not answer in time.')
  } finally {
    full.resolve()
    await Promise.all(holders.map(({ held }) => held))
    await db.$disconnect()
  }
})

test('two changes that wait for each other: the one that is given up is told to try again', async () => {
  await here.db.$executeRaw`CREATE TABLE crossing AS SELECT n FROM generate_series(1, 2) AS n`
  const first = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const
  const change = (own: 0 | 1) =>
    here.db.$transaction(async (tx) => {
      await tx.$executeRaw`UPDATE crossing SET n = n WHERE n = ${own + 1}`
      first[own].resolve()
      await first[1 - own]?.promise
      await tx.$executeRaw`UPDATE crossing SET n = n WHERE n = ${2 - own}`
    })
  const thrown = await Promise.all([change(0), change(1)].map(thrownBy))
  const [loser, none] = thrown.filter((error) => error !== undefined)
  expect(none).toBeUndefined()
  expect(messageOf(loser)).toBe(
    'Somebody else changed the same at the same moment, and nothing was changed here. Try it again.',
  )
  expect(isDatabaseOutOfReach(loser)).toBe(false)
})

test('what the queue says of a connection is told in the same words', () => {
  const said = new Error('timeout exceeded when trying to connect (Queue: rewrap-dead, Worker: 03cc8031)')
  expect(messageOf(said)).toContain('The console’s database cannot be reached.')
})

function expectLost(error: unknown): void {
  expect(isDatabaseError(error)).toBe(true)
  expect(messageOf(error)).toContain('The console’s database cannot be reached.')
}

async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  )
}

/** Until another connection runs this. */
async function busy(db: Db, statement: string): Promise<void> {
  for (;;) {
    const [row] = await db.$queryRaw<{ count: bigint }[]>`
      SELECT count(*) AS count FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active' AND query LIKE ${`%${statement}%`}`
    if (row && row.count > 0n) return
  }
}
