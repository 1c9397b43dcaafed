import { hashPassword } from 'better-auth/crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '#lib/db-for-tests.ts'
import { forAddress } from '#lib/requests/request-address.ts'
import { changeOwnPassword } from './change-own-password.ts'
import { endOwnSessions, listOwnSessions } from './own-sessions.ts'
import { heldOpen, peopleOf, waiting } from './people-for-tests.ts'
import { type CurrentSession, readSession } from './read-session.ts'
import { replacePassword } from './replace-password.ts'

let database: TestDatabase
let people: ReturnType<typeof peopleOf>
beforeAll(async () => {
  database = await openTestDatabase()
  people = peopleOf(database)
})
afterAll(() => database.close())

const read = (headers: Headers, keepAlive = true) =>
  readSession({ db: database.db, auth: people.auth }, headers, { keepAlive })
async function sessionOf(headers: Headers): Promise<CurrentSession> {
  const session = await read(headers)
  if (!session) throw new Error('There is no such session.')
  return session
}
const hours = 3_600_000

test('a session ends seven days after it began, however busy it is, and twelve hours after it was last used', async () => {
  const { db } = database
  const browser = await people.signIn(await people.add('viewer'))
  const { id } = await sessionOf(browser)
  const began = (ago: number) => ({ createdAt: new Date(Date.now() - ago) })
  const put = (data: object) => db.session.update({ where: { id }, data })

  // Used each hour until the last.
  await put({ ...began(7 * 24 * hours - 60_000), expiresAt: new Date(Date.now() + 11 * hours) })
  expect(await read(browser)).toMatchObject({ id })
  // That was use: it would go on for twelve hours more.
  expect((await db.session.findUniqueOrThrow({ where: { id } })).expiresAt.getTime()).toBeGreaterThan(
    Date.now() + 11.9 * hours,
  )
  await put(began(7 * 24 * hours))
  expect(await read(browser, false)).toBeUndefined()
  expect(await db.session.count({ where: { id } })).toBe(0)

  const idle = await people.signIn(await people.add('viewer'))
  await db.session.update({
    where: { id: (await sessionOf(idle)).id },
    data: { expiresAt: new Date(Date.now() - 1) },
  })
  expect(await read(idle)).toBeUndefined()
})

test('a look that is no use does not keep a session alive', async () => {
  const { db } = database
  const browser = await people.signIn(await people.add('viewer'))
  const { id } = await sessionOf(browser)
  const soon = new Date(Date.now() + hours)
  await db.session.update({ where: { id }, data: { expiresAt: soon } })
  expect(await read(browser, false)).toMatchObject({ id })
  expect((await db.session.findUniqueOrThrow({ where: { id } })).expiresAt).toEqual(soon)
})

test('a person sees their own sessions, where each came from, and ends others; nobody else’s', async () => {
  const { db } = database
  const person = await people.add('viewer')
  const stranger = await people.signIn(await people.add('viewer'))
  const browsers = [
    await forAddress('192.0.2.7', () => people.signIn(person)),
    await people.signIn(person),
    await people.signIn(person),
  ] as const
  const [mine, second, third] = [
    await sessionOf(browsers[0]),
    await sessionOf(browsers[1]),
    await sessionOf(browsers[2]),
  ]
  const listed = await listOwnSessions(db, mine)
  expect(listed.map(({ current }) => current)).toEqual([true, false, false])
  expect(listed[0]).toMatchObject({ id: mine.id, address: '192.0.2.7' })
  // Neither a token nor anybody else's session is in it.
  const tokens = await db.session.findMany({ select: { token: true } })
  for (const { token } of tokens) expect(JSON.stringify(listed)).not.toContain(token)

  const { id: foreign } = await sessionOf(stranger)
  await endOwnSessions(db, mine, foreign)
  await endOwnSessions(db, mine, mine.id)
  expect(await read(stranger)).toBeDefined()
  expect(await read(browsers[0])).toBeDefined()
  const ended = () => db.auditEvent.count({ where: { action: 'session.end', actor: person.email } })
  expect(await ended()).toBe(0)

  await endOwnSessions(db, mine, second.id)
  expect([await read(browsers[1]), (await read(browsers[2]))?.id]).toEqual([undefined, third.id])
  await endOwnSessions(db, mine, undefined)
  expect(await listOwnSessions(db, mine)).toHaveLength(1)
  expect(await ended()).toBe(2)
})

test('one’s own new password ends one’s other sessions and keeps this one', async () => {
  const person = await people.add('operator')
  const [here, there] = [await people.signIn(person), await people.signIn(person)]
  await changeOwnPassword(database.db, await sessionOf(here), 'a new correct horse')
  expect((await read(here))?.user.email).toBe(person.email)
  expect(await read(there)).toBeUndefined()
  await expect(people.signIn(person)).rejects.toMatchObject({ status: 'UNAUTHORIZED' })
  await people.signIn(person, 'a new correct horse')
  const where = { action: 'user.password', subject: person.email }
  expect(await database.db.auditEvent.findMany({ where, select: { actor: true, changes: true } })).toEqual([
    { actor: person.email, changes: { 'other sessions': ['1', '0'] } },
  ])
})

test('an administrator’s new password is not written over by whoever is changing the old one in that moment', async () => {
  const person = await people.add('operator')
  const stolen = await sessionOf(await people.signIn(person))
  const hash = await hashPassword('given by an administrator')
  const given = await heldOpen(database, async (tx) => {
    await replacePassword(tx, person, hash)
  })
  const taken = changeOwnPassword(database.db, stolen, 'the thief’s own password').then(
    () => 'changed',
    ({ message }: Error) => message,
  )
  await expect.poll(() => waiting(database)).toBe(1)
  await given.commit()
  expect(await taken).toBe('Your session was ended meanwhile. Nothing was changed.')
  await people.signIn(person, 'given by an administrator')
})
