import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '#lib/db-for-tests.ts'
import { addUser } from './add-user.ts'
import { stillMay as ask, type Beginner } from './still-may.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

const hour = 3_600_000
const stillMay = async (...asked: Parameters<typeof ask>) => (await ask(...asked)) !== undefined
async function begun() {
  const { db } = database
  const email = `${randomUUID()}@example.test`
  await addUser(db, { email, name: 'Person', role: 'operator', password: 'correct-horse-battery' }, 'command line')
  const { id: userId } = await db.user.findUniqueOrThrow({ where: { email } })
  const until = new Date(Date.now() + hour)
  const session = await db.session.create({ data: { id: randomUUID(), token: randomUUID(), userId, expiresAt: until } })
  const token = await db.apiToken.create({
    data: { name: 't', start: 'vct_', hash: randomUUID(), scopes: [], userId, expiresAt: until },
  })
  return { userId, session: { session: session.id, until }, token: { token: token.id } }
}

test('signed out, revoked, gone or with a lesser role: not any more', async () => {
  const { db } = database
  const { userId, session, token } = await begun()
  const may = () => Promise.all([session, token].map((by) => stillMay(db, { userId, by }, 'backup.run')))
  expect(await may()).toEqual([true, true])
  await db.session.delete({ where: { id: session.session } })
  expect(await may()).toEqual([false, true])
  await db.apiToken.update({ where: { id: token.token }, data: { revokedAt: new Date() } })
  expect(await may()).toEqual([false, false])

  const other = await begun()
  const still = (by: typeof other.session | typeof other.token) =>
    stillMay(db, { userId: other.userId, by }, 'backup.run')
  await db.user.update({ where: { id: other.userId }, data: { role: 'viewer' } })
  expect([await still(other.session), await still(other.token)]).toEqual([false, false])
  expect(await stillMay(db, { userId: other.userId, by: other.token }, 'backup.read')).toBe(true)
  await db.user.delete({ where: { id: other.userId } })
  expect(await stillMay(db, { userId: other.userId, by: other.token }, 'backup.read')).toBe(false)
})

test('what only expired meanwhile goes on', async () => {
  const { db } = database
  const { userId, session, token } = await begun()
  const past = new Date(Date.now() - hour)
  await db.apiToken.update({ where: { id: token.token }, data: { expiresAt: past } })
  // As the next request with its cookie finds it.
  await db.session.delete({ where: { id: session.session } })
  expect(await stillMay(db, { userId, by: { ...session, until: past } }, 'backup.run')).toBe(true)
  expect(await stillMay(db, { userId, by: token }, 'backup.run')).toBe(true)
})

test('signed out after the session had lasted longer than it first would: not any more', async () => {
  const { db } = database
  const { userId, session } = await begun()
  let by: Beginner['by'] | undefined = { ...session, until: new Date(Date.now() - 1) }
  by = await ask(db, { userId, by }, 'backup.run')
  expect(by).toEqual(session)
  await db.session.delete({ where: { id: session.session } })
  expect(by && (await ask(db, { userId, by }, 'backup.run'))).toBeUndefined()
})
