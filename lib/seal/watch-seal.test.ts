import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openTestDatabase, type TestDatabase } from '#lib/db-for-tests.ts'
import { AppError } from '#lib/errors.ts'
import { watchSeal } from './watch-seal.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

test('a change is told once, with its reason, and counted', async () => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const outcomes = [true, false, false, true, true]
  const done = Promise.withResolvers<void>()
  let asked = 0
  const probe = async () => {
    const fine = outcomes[asked]
    asked += 1
    // The one after the last: all five were seen to.
    if (asked > outcomes.length) done.resolve()
    if (fine === false) throw new AppError('unreachable', 'AWS KMS could not be reached.')
  }
  const watch = watchSeal(database.db, { keyId: 'arn', probe }, { everyMs: 1, unhealthyEveryMs: 1 })
  await done.promise
  await watch.stop()
  expect(watch.health()).toMatchObject({ healthy: true, failures: 2 })
  const rows = await database.db.sealEvent.findMany({ orderBy: { id: 'asc' } })
  expect(rows).toMatchObject([
    { healthy: false, keyId: 'arn', message: 'AWS KMS could not be reached.' },
    { healthy: true, keyId: 'arn', message: null },
  ])
  expect(log).toHaveBeenCalledTimes(2)
  log.mockRestore()
})
