import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '#lib/db-for-tests.ts'
import { addUser } from './add-user.ts'
import { endOwnSessions } from './own-sessions.ts'
import { signOutEverywhere } from './sign-out-everywhere.ts'
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
  expect(by).toEqual({ ...session, signOuts: 0 })
  await db.session.delete({ where: { id: session.session } })
  expect(by && (await ask(db, { userId, by }, 'backup.run'))).toBeUndefined()
})

test('signed out everywhere after the session had expired: not any more, whether or not its row was still there', async () => {
  const { db } = database
  const past = new Date(Date.now() - hour)
  for (const isDeleted of [true, false]) {
    const { userId, session } = await begun()
    let by: Beginner['by'] | undefined = await ask(db, { userId, by: session }, 'backup.run')
    await db.session.update({ where: { id: session.session }, data: { expiresAt: past } })
    by = by && (await ask(db, { userId, by }, 'backup.run'))
    // As the next request with its cookie finds it.
    if (isDeleted) await db.session.delete({ where: { id: session.session } })
    by = by && (await ask(db, { userId, by }, 'backup.run'))
    expect(by).toMatchObject({ until: past })
    await signOutEverywhere(db, { id: userId }, 'command line')
    expect(by && (await ask(db, { userId, by }, 'backup.run'))).toBeUndefined()
  }
})

test('all other sessions ended: the one that stays goes on, also after it has expired', async () => {
  const { db } = database
  const { userId, session } = await begun()
  const { email } = await db.user.findUniqueOrThrow({ where: { id: userId } })
  const user = { id: userId, email, name: 'Person', role: 'operator' } as const
  await endOwnSessions(db, { id: session.session, until: session.until, user }, undefined)
  const by = await ask(db, { userId, by: { ...session, signOuts: 0 } }, 'backup.run')
  const past = new Date(Date.now() - hour)
  await db.session.delete({ where: { id: session.session } })
  expect(by && 'session' in by && (await stillMay(db, { userId, by: { ...by, until: past } }, 'backup.run'))).toBe(true)
})
