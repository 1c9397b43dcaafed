import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '#lib/db-for-tests.ts'
import { addUser } from './add-user.ts'
import { confirmPassword } from './confirm-password.ts'
import { type Auth, createAuth } from './create-auth.ts'
import type { SessionUser } from './schema.ts'

let database: TestDatabase
let auth: Auth
let asker: { user: SessionUser; headers: Headers }
const email = 'administrator@example.test'
const password = 'correct horse battery'

beforeAll(async () => {
  database = await openTestDatabase()
  auth = createAuth(database.db, { publicUrl: 'http://localhost:3000', port: 3000 }, 's'.repeat(64), [])
  await addUser(database.db, { email, name: 'A', password, role: 'administrator' }, 'command line')
  const { headers, response } = await auth.api.signInEmail({ body: { email, password }, returnHeaders: true })
  const cookie = headers.getSetCookie().map((one) => one.split(';')[0])
  const user = { id: response.user.id, name: 'A', email, role: 'administrator' as const }
  asker = { user, headers: new Headers({ cookie: cookie.join('; ') }) }
})
afterAll(() => database.close())

const confirm = (word: string) => confirmPassword(database.db, auth, asker, word)
const refusals = () =>
  database.db.auditEvent.count({ where: { action: 'auth.confirm', outcome: 'refused', actor: email } })

test('the password of the person who is signed in, and no other', async () => {
  expect(await confirm(password)).toBeUndefined()
  expect(await refusals()).toBe(0)
  expect(await confirm('wrong password')).toBe('This is not your password.')
  expect(await refusals()).toBe(1)
  const stranger = { ...asker, headers: new Headers() }
  expect(await confirmPassword(database.db, auth, stranger, password)).toBe('This is not your password.')
})

test('tries are counted together with those of signing in', async () => {
  expect(await confirm(password)).toBeUndefined()
  for (let tries = 0; tries < 10; tries += 1) expect(await confirm('wrong password')).toBe('This is not your password.')
  expect(await confirm(password)).toMatch(/^Too many wrong passwords .* in 15 minutes\.$/)
  await expect(auth.api.signInEmail({ body: { email, password } })).rejects.toMatchObject({
    status: 'TOO_MANY_REQUESTS',
  })
})

test('no password is in any row', async () => {
  const rows = await database.db.$queryRaw<{ hits: number }[]>`
    SELECT count(*)::int AS hits FROM audit_event AS e WHERE row_to_json(e)::text ~ 'wrong password|correct horse'`
  expect(rows).toEqual([{ hits: 0 }])
})
