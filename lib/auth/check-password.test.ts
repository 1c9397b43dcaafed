import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '#lib/db-for-tests.ts'
import { addUser } from './add-user.ts'
import { checkAdministrator } from './check-password.ts'

let database: TestDatabase
const password = 'correct horse battery'
beforeAll(async () => {
  database = await openTestDatabase()
  for (const role of ['administrator', 'viewer'] as const)
    await addUser(database.db, { email: `${role}@example.test`, name: role, password, role }, 'command line')
})
afterAll(() => database.close())

const check = (email: string, word = password) => checkAdministrator(database.db, email, word)
const refusals = async () =>
  (await database.db.auditEvent.findMany({ where: { action: 'auth.confirm', outcome: 'refused' } })).map(
    ({ actor, subject }) => `${actor}: ${subject}`,
  )

test('an administrator’s password, however their address is typed', async () => {
  expect(await check('administrator@example.test')).toBe('administrator@example.test')
  expect(await check(' Administrator@Example.TEST ')).toBe('administrator@example.test')
  expect(await refusals()).toEqual([])
})

test('what is refused is audited, and nothing that was typed but a known address', async () => {
  for (const [email, word] of [
    ['administrator@example.test', 'wrong'],
    ['viewer@example.test', password],
    [password, password],
  ] as const)
    await expect(check(email, word)).rejects.toMatchObject({ code: 'denied' })
  expect((await refusals()).sort()).toEqual([
    'command line: administrator@example.test',
    'command line: an unknown address',
    'command line: viewer@example.test',
  ])
  for (let tries = 0; tries < 10; tries += 1) await check('administrator@example.test', 'wrong').catch(() => undefined)
  await expect(check('Administrator@example.test')).rejects.toThrow('Too many wrong passwords')
})
