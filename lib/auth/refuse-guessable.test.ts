import { expect, test } from 'vitest'
import { openTestDatabase } from '#lib/db-for-tests.ts'
import { addUser } from './add-user.ts'
import { changeOwnPassword } from './change-own-password.ts'
import { nobodyYet } from './people-for-tests.ts'
import { readSession } from './read-session.ts'
import { setPassword } from './set-password.ts'
import { completeSetup, ensureSetup } from './setup.ts'

const here = nobodyYet()
const known = {
  code: 'invalid',
  message: expect.stringMatching(/^This password cannot be used: it is known/),
  field: 'password',
}

test('a known password is refused to whoever sets one, and what there was stays', async () => {
  const { db, people } = here
  const [administrator, viewer] = [await people.add('administrator'), await people.add('viewer')]
  const before = await db.account.findMany({ orderBy: { id: 'asc' } })

  const newcomer = { email: 'new@example.test', name: 'New', password: 'Password123!', role: 'viewer' } as const
  for (const by of [administrator, 'command line'] as const) {
    await expect(addUser(db, newcomer, by)).rejects.toMatchObject(known)
    await expect(setPassword(db, { email: viewer.email }, 'Password123!', by)).rejects.toMatchObject(known)
    // Whose address it is, is known by then.
    await expect(setPassword(db, { id: viewer.id }, `${viewer.email}1`, by)).rejects.toThrow('e-mail address')
  }
  const session = await readSession({ db, auth: people.auth }, await people.signIn(viewer), { keepAlive: true })
  if (!session) throw new Error('There is no session.')
  await expect(changeOwnPassword(db, session, 'Password123!')).rejects.toMatchObject(known)

  expect(await db.account.findMany({ orderBy: { id: 'asc' } })).toEqual(before)
  expect(await db.session.count({ where: { id: session.id } })).toBe(1)
})

test('nor is it the first administrator’s, by the link or by variables; the link stays good', async () => {
  const database = await openTestDatabase()
  try {
    const { db, url: databaseUrl } = database
    const start = (admin: { email: string; password: string } | undefined) =>
      ensureSetup({ admin, publicUrl: 'http://localhost:3000', databaseUrl })
    const person = { email: 'admin@example.test', password: 'vault-console-2026' }
    await expect(start(person)).rejects.toThrow(/^VAULT_ADMIN_PASSWORD cannot be used: it is little more than/)

    const { setupUrl = '' } = await start(undefined)
    const input = { ...person, name: 'Admin', token: new URL(setupUrl).searchParams.get('token') ?? '' }
    await expect(completeSetup(db, { ...input, password: 'Password123!' })).rejects.toMatchObject(known)
    expect(await db.user.count()).toBe(0)
    await completeSetup(db, { ...input, password: 'correct horse battery' })
    expect(await db.user.count()).toBe(1)
  } finally {
    await database.close()
  }
})
