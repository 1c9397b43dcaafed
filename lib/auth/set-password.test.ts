import { hashPassword } from 'better-auth/crypto'
import { expect, test } from 'vitest'
import { listNotices } from '#lib/notices/list-notices.ts'
import { viewUser } from './list-users.ts'
import { heldOpen, nobodyYet, waiting } from './people-for-tests.ts'
import { replacePassword } from './replace-password.ts'
import { setPassword } from './set-password.ts'
import { signOutEverywhere } from './sign-out-everywhere.ts'

const here = nobodyYet()
const { audited, read, token } = here

test('a new password ends every session and the pause after wrong ones; the old password opens nothing', async () => {
  const { db, people } = here
  const [by, other, person] = [
    await people.add('administrator'),
    await people.add('administrator'),
    await people.add('administrator'),
  ]
  const browsers = [await people.signIn(person), await people.signIn(person)]
  for (let tries = 0; tries < 10; tries += 1) await people.signIn(person, 'wrong password').catch(() => undefined)
  await expect(people.signIn(person)).rejects.toMatchObject({ status: 'TOO_MANY_REQUESTS' })
  await setPassword(db, person, 'a new correct horse', by)
  for (const browser of browsers) expect(await read(browser)).toBeUndefined()
  await expect(people.signIn(person)).rejects.toMatchObject({ status: 'UNAUTHORIZED' })
  expect(await read(await people.signIn(person, 'a new correct horse'))).toMatchObject({ user: { id: person.id } })
  expect(await audited('user.password', person)).toEqual([
    { actor: by.email, outcome: 'success', changes: { sessions: ['2', '0'] } },
  ])
  expect((await listNotices(db, other)).rows[0]).toMatchObject({ title: 'New password of an administrator' })
  const everything = await db.$queryRaw<{ hits: number }[]>`
    SELECT count(*)::int AS hits FROM audit_event AS e WHERE row_to_json(e)::text ~ 'correct horse|wrong password'`
  expect(everything).toEqual([{ hits: 0 }])
})

test('whoever is signing in with the old password in that very moment gets no session', async () => {
  const { db, people } = here
  const person = await people.add('operator')
  const hash = await hashPassword('a new correct horse')
  const change = await heldOpen(here.database, async (tx) => {
    await replacePassword(tx, person, hash)
  })
  // The old password is still the right one, and the sessions have been ended already.
  const signingIn = people.signIn(person).then(
    () => 'signed in',
    (error: { status?: unknown }) => error.status,
  )
  await expect.poll(() => waiting(here.database)).toBe(1)
  await change.commit()
  expect(await signingIn).toBe('UNAUTHORIZED')
  expect(await db.session.count({ where: { userId: person.id } })).toBe(0)
  const where = { action: 'auth.sign-in', subject: person.email }
  expect(await db.auditEvent.findMany({ where, select: { outcome: true } })).toEqual([{ outcome: 'refused' }])
})

test('signing out everywhere ends sessions, and nothing else', async () => {
  const { db, people } = here
  const [by, person] = [await people.add('administrator'), await people.add('operator')]
  const browser = await people.signIn(person)
  const mine = await people.signIn(by)
  await token(person, 'nightly')
  expect(await signOutEverywhere(db, person, by)).toBe(1)
  expect(await read(browser)).toBeUndefined()
  expect(await read(mine)).toBeDefined()
  expect(await viewUser(db, person.id)).toMatchObject({ sessions: 0, tokens: 1 })
  expect(await audited('user.sign-out', person)).toEqual([
    { actor: by.email, outcome: 'success', changes: { sessions: ['1', '0'] } },
  ])
})
