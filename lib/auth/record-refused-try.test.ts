import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { listAuditEvents } from '#lib/audit/list-events.ts'
import { openTestDatabase, type TestDatabase } from '#lib/db-for-tests.ts'
import { forAddress } from '#lib/requests/request-address.ts'
import { peopleOf } from './people-for-tests.ts'
import { forgetPastTries, recordRefusedTry } from './record-refused-try.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
beforeEach(() => database.db.rateLimit.deleteMany())
afterAll(() => database.close())

const account = { actor: 'ann@example.test', subject: 'ann@example.test' }
const refuse = (address: string, of = account) =>
  forAddress(address, () => recordRefusedTry(database.db, { ...of, action: 'auth.sign-in' }, of))
const aQuarterPasses = () =>
  database.db.$executeRaw`UPDATE "rateLimit" SET "lastRequest" = "lastRequest" - ${15 * 60_000 + 1}`
async function newest(): Promise<bigint> {
  return (await database.db.auditEvent.findFirst({ orderBy: { id: 'desc' } }))?.id ?? 0n
}
const rowsAfter = (id: bigint) => database.db.auditEvent.findMany({ where: { id: { gt: id } }, orderBy: { id: 'asc' } })

test('made-up addresses do not fill the tables, and the audit log tells how many there were, and from where', async () => {
  const before = await newest()
  const people = peopleOf(database)
  for (let number = 0; number < 25; number += 1)
    await forAddress('203.0.113.9', async () => {
      const person = { email: `made-up-${number}@example.test` }
      await expect(people.signIn(person)).rejects.toMatchObject({ status: 'UNAUTHORIZED' })
    })
  expect((await rowsAfter(before)).map(({ actor }) => actor)).toEqual(
    Array.from({ length: 10 }, (_, number) => `made-up-${number}@example.test`),
  )
  // Before its time nothing is forgotten.
  await forgetPastTries(database.db)
  expect(await database.db.rateLimit.count({ where: { key: { startsWith: 'sign-in:' } } })).toBe(25)
  await aQuarterPasses()
  await forgetPastTries(database.db)
  expect(await database.db.rateLimit.count()).toBe(0)
  const rows = (await rowsAfter(before)).slice(10)
  expect(rows).toMatchObject([
    { actor: 'unknown accounts', address: '203.0.113.9', action: 'auth.sign-in', outcome: 'refused' },
  ])
  expect(rows[0]?.subject).toMatch(/^addresses of nobody here: 15 more refused since 20.* UTC$/)
  // Found as every other row is.
  const { rows: found } = await listAuditEvents(database.db, { actor: '203.0.113.9', outcome: 'refused' })
  expect(found).toHaveLength(11)
  await forgetPastTries(database.db)
  expect(await rowsAfter(before)).toHaveLength(11)
})

test('each account and address has rows and a count of its own, and begins anew afterwards', async () => {
  const before = await newest()
  const bob = { actor: 'bob@example.test', subject: 'bob@example.test' }
  for (let tries = 0; tries < 12; tries += 1) {
    await refuse('203.0.113.1')
    await refuse('203.0.113.2', bob)
  }
  await aQuarterPasses()
  await forgetPastTries(database.db)
  await refuse('203.0.113.1')
  const counted = (await rowsAfter(before)).slice(20)
  expect(counted.map(({ address, subject }) => [address, subject.split(' since')[0]]).sort()).toEqual([
    ['203.0.113.1', 'ann@example.test'],
    ['203.0.113.1', 'ann@example.test: 2 more refused'],
    ['203.0.113.2', 'bob@example.test: 2 more refused'],
  ])
})

test('of very many addresses the first have rows, those that tried most a count each, and the others one', async () => {
  const before = await newest()
  const address = (number: number) => `2001:db8::${number.toString(16)}`
  await Promise.all(Array.from({ length: 200 }, (_, number) => refuse(address(number))))
  for (let tries = 0; tries < 3; tries += 1) await refuse(address(999))
  await Promise.all(Array.from({ length: 30 }, (_, number) => refuse(address(500 + number))))
  expect(await rowsAfter(before)).toHaveLength(200)
  await aQuarterPasses()
  await forgetPastTries(database.db)
  const counted = (await rowsAfter(before)).slice(200)
  expect(counted).toHaveLength(21)
  expect(counted[0]).toMatchObject({ address: address(999), subject: expect.stringMatching(/: 3 more refused/) })
  expect(counted.at(-1)).toMatchObject({
    address: null,
    subject: expect.stringMatching(/: 11 more refused since .* UTC, from 11 more addresses$/),
  })
}, 60_000)
