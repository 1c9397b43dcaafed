import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '#lib/db-for-tests.ts'
import { AppError } from '#lib/errors.ts'
import { addUser } from './add-user.ts'
import { completeSetup, ensureSetup, setupState } from './setup.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())
afterEach(async () => {
  await database.db.user.deleteMany()
  await database.db.verification.deleteMany()
})

const person = { name: 'Admin', email: 'admin@example.test', password: 'correct horse battery' }
async function link(): Promise<string> {
  const { setupUrl = '' } = await ensureSetup({
    admin: undefined,
    publicUrl: 'http://localhost:3000',
    databaseUrl: database.url,
  })
  expect(setupUrl).toMatch(/^http:\/\/localhost:3000\/setup\?token=[\w-]{43}$/)
  return new URL(setupUrl).searchParams.get('token') ?? ''
}
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof AppError ? error.code : String(error)),
  )
const users = () => database.db.user.findMany({ select: { email: true, role: true } })
const setups = () => database.db.auditEvent.count({ where: { action: 'auth.setup' } })

test('the link of the last start makes one administrator, once', async () => {
  const old = await link()
  const token = await link()
  expect(token).not.toBe(old)
  expect(await setupState(database.db, old)).toBe('bad-token')
  expect(await setupState(database.db, undefined)).toBe('bad-token')
  expect(await setupState(database.db, token)).toBe('open')
  for (const wrong of [old, '', `${token}x`, token.slice(0, -1)])
    expect(await codeOf(completeSetup(database.db, { ...person, token: wrong }))).toBe('denied')
  expect(await users()).toEqual([])

  const before = await setups()
  await completeSetup(database.db, { ...person, token })
  expect(await users()).toEqual([{ email: person.email, role: 'administrator' }])
  expect(await setups()).toBe(before + 1)
  expect(await setupState(database.db, token)).toBe('done')
  expect(await codeOf(completeSetup(database.db, { ...person, email: 'b@example.test', token }))).toBe('denied')
  expect(await ensureSetup({ admin: undefined, publicUrl: 'http://x.test', databaseUrl: database.url })).toEqual({
    setupUrl: undefined,
  })
})

test('a link is good for a day, and is not stored as it is', async () => {
  const token = await link()
  const row = await database.db.verification.findFirstOrThrow()
  const hours = (row.expiresAt.getTime() - Date.now()) / 3_600_000
  expect(hours).toBeGreaterThan(23.9)
  expect(hours).toBeLessThanOrEqual(24)
  expect(JSON.stringify(row)).not.toContain(token)
  await database.db.verification.update({ where: { id: row.id }, data: { expiresAt: new Date(Date.now() - 1) } })
  expect(await setupState(database.db, token)).toBe('bad-token')
  expect(await codeOf(completeSetup(database.db, { ...person, token }))).toBe('denied')
  expect(await users()).toEqual([])
})

test('two people with one link at once: exactly one administrator', async () => {
  for (let round = 0; round < 5; round += 1) {
    const token = await link()
    const before = await setups()
    const outcomes = await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        codeOf(completeSetup(database.db, { ...person, token, email: `${name}@example.test` })),
      ),
    )
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1)
    for (const outcome of outcomes) expect(['done', 'conflict', 'denied']).toContain(outcome)
    expect(await users()).toHaveLength(1)
    expect(await setups()).toBe(before + 1)
    await database.db.user.deleteMany()
  }
})

test('the variables make the administrator instead, once, and are judged like a form', async () => {
  const setUp = (email: string, password: string) =>
    ensureSetup({ admin: { email, password }, publicUrl: 'http://localhost:3000', databaseUrl: database.url })
  await expect(setUp('nobody', person.password)).rejects.toThrow(/VAULT_ADMIN_EMAIL/)
  await expect(setUp(person.email, 'short')).rejects.toThrow(/VAULT_ADMIN_PASSWORD/)
  expect(await users()).toEqual([])
  // Consoles that are started on one database at once: each starts.
  const addresses = ['Admin@Example.test', person.email, person.email]
  for (const made of await Promise.all(addresses.map((email) => setUp(email, person.password))))
    expect(made).toEqual({ setupUrl: undefined })
  expect(await users()).toEqual([{ email: person.email, role: 'administrator' }])
  expect(await setUp('other@example.test', person.password)).toEqual({ setupUrl: undefined })
  expect(await users()).toHaveLength(1)
})

test('a user is added with an audit row, once, and the password is a hash', async () => {
  const { db } = database
  const user = { ...person, role: 'operator' } as const
  await addUser(db, user, 'command line')
  expect(await codeOf(addUser(db, user, 'command line'))).toBe('conflict')
  expect(await db.auditEvent.findMany({ where: { action: 'user.add' } })).toMatchObject([
    { actor: 'command line', outcome: 'success', subject: user.email, changes: { role: [null, 'operator'] } },
  ])
  const [account] = await db.account.findMany()
  expect(account?.password).toMatch(/^[0-9a-f]{32}:[0-9a-f]{128}$/)

  const twins = await Promise.all(
    [1, 2, 3].map(() => codeOf(addUser(db, { ...user, email: 'twin@example.test' }, 'command line'))),
  )
  expect(twins.sort()).toEqual(['conflict', 'conflict', 'done'])
})
