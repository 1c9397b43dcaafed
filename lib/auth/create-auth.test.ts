import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openTestDatabase, type TestDatabase } from '#lib/db-for-tests.ts'
import { readEnv } from '#lib/env.ts'
import { addUser } from './add-user.ts'
import { allowedOrigins } from './allowed-origins.ts'
import { type Auth, createAuth } from './create-auth.ts'
import { forgetPastTries } from './record-refused-try.ts'
import { takeSignInTry } from './sign-in-limit.ts'

let database: TestDatabase
let folder: string
let auth: Auth
const email = 'operator@example.test'
const password = 'correct horse battery'
const secret = 'a secret of at least thirty-two characters'

beforeAll(async () => {
  database = await openTestDatabase()
  folder = mkdtempSync(path.join(tmpdir(), 'vault-auth-'))
  auth = createAuth(database.db, readEnv({ VAULT_DATA_DIR: folder }), secret, [])
  await addUser(database.db, { email, name: 'Operator', password, role: 'operator' }, 'command line')
})
afterAll(async () => {
  await database.close()
  rmSync(folder, { recursive: true })
})

function post(route: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return auth.handler(
    new Request(`http://localhost:3000/api/auth${route}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'http://localhost:3000', ...headers },
      body: JSON.stringify(body),
    }),
  )
}
const signIn = (word: string, as = email) => post('/sign-in/email', { email: as, password: word })
/** Moves the clock of the limiter: as if the window had begun so much earlier. */
const letPass = (minutes: number) =>
  database.db.$executeRaw`UPDATE "rateLimit" SET "lastRequest" = "lastRequest" - ${minutes * 60_000}`
const audited = async (outcome: string) =>
  database.db.auditEvent.count({ where: { action: 'auth.sign-in', outcome, actor: email } })

test('signing in sets a cookie that scripts cannot read, and writes an audit row', async () => {
  const response = await signIn(password)
  expect(response.status).toBe(200)
  expect(response.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^vault\.session_token=.*HttpOnly; SameSite=Lax/),
  ])
  expect(await audited('success')).toBe(1)
})

test('nobody makes an account for themselves', async () => {
  const response = await post('/sign-up/email', { email: 'new@example.test', name: 'New', password })
  expect(response.status).toBeGreaterThanOrEqual(400)
  expect(await database.db.user.count()).toBe(1)
})

test('a wrong password and an unknown account are answered alike', async () => {
  const [wrong, unknown] = [await signIn('wrong password'), await signIn('wrong password', 'nobody@example.test')]
  expect([wrong.status, unknown.status]).toEqual([401, 401])
  expect(await unknown.json()).toEqual(await wrong.json())
})

test('of 40 guesses at once ten are looked at; then even the right password waits, and the pause ends', async () => {
  await database.db.rateLimit.deleteMany()
  const before = await audited('refused')
  const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => signIn(`wrong guess ${index}`)))
  const statuses = answers.map(({ status }) => status)
  expect(statuses.filter((status) => status === 401)).toHaveLength(10)
  expect(statuses.filter((status) => status === 429)).toHaveLength(30)
  // Looked at or not, ten leave a row each; how many more there were is told below.
  expect(await audited('refused')).toBe(before + 10)

  const right = await signIn(password)
  expect(right.status).toBe(429)
  expect(await right.json()).toMatchObject({ message: expect.stringMatching(/Try again in 1[45] minutes/) })
  expect((await signIn(password, email.toUpperCase())).status).toBe(429)
  // Somebody else is not held up by it.
  expect((await signIn('wrong', 'other@example.test')).status).toBe(401)

  await letPass(14)
  expect((await signIn(password)).status).toBe(429)
  await letPass(2)
  expect((await signIn(password)).status).toBe(200)

  // 30 of the guesses, and the three times that even the right password waited.
  await forgetPastTries(database.db)
  const [told] = await database.db.auditEvent.findMany({ orderBy: { id: 'desc' }, take: 1 })
  expect(told).toMatchObject({ actor: email, action: 'auth.sign-in', outcome: 'refused' })
  expect(told?.subject).toMatch(/^operator@example\.test: 33 more refused since 20\d\d-\d\d-\d\d \d\d:\d\d UTC$/)
  expect(await audited('refused')).toBe(before + 11)
})

test('a right password gives all tries back', async () => {
  await database.db.rateLimit.deleteMany()
  for (let guess = 0; guess < 9; guess += 1) expect((await signIn('wrong')).status).toBe(401)
  expect((await signIn(password)).status).toBe(200)
  expect((await signIn('wrong')).status).toBe(401)
  const tries = { where: { key: { startsWith: 'sign-in:' } }, select: { count: true } }
  expect(await database.db.rateLimit.findMany(tries)).toEqual([{ count: 1 }])
})

test('tries are counted once each, also when they come at once, and never beyond the limit', async () => {
  const pauses = await Promise.all(Array.from({ length: 50 }, () => takeSignInTry(database.db, 'many@example.test')))
  expect(pauses.filter((pause) => pause === 0)).toHaveLength(10)
  for (const pause of pauses.filter((one) => one !== 0)) {
    expect(pause).toBeGreaterThan(14 * 60)
    expect(pause).toBeLessThanOrEqual(15 * 60)
  }
  const rows = await database.db.rateLimit.findMany({ where: { count: 11 } })
  expect(rows).toHaveLength(1)
  expect(JSON.stringify(rows, (_, value) => String(value))).not.toContain('many@example.test')
})

test('where requests may come from, and what the cookie is called under TLS', async () => {
  expect(allowedOrigins({ publicUrl: 'http://localhost:3000', port: 3000 })).toEqual([
    'http://localhost:3000',
    'http://127.0.0.1:3000',
  ])
  expect(allowedOrigins({ publicUrl: 'https://vault.example.com', port: 3000 })).toEqual(['https://vault.example.com'])

  const env = readEnv({ VAULT_DATA_DIR: folder, VAULT_PUBLIC_URL: 'https://vault.example.com' })
  const secure = createAuth(database.db, env, secret, [])
  const response = await secure.handler(
    new Request('https://vault.example.com/api/auth/sign-in/email', {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'https://vault.example.com' },
      body: JSON.stringify({ email, password }),
    }),
  )
  expect(response.status).toBe(200)
  expect(response.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^__Host-vault\.session_token=.*Path=\/; HttpOnly; Secure; SameSite=Lax/),
  ])
})

test('refused tries leave nothing in the log, which anybody could fill', async () => {
  const methods = ['log', 'info', 'warn', 'error'] as const
  const spies = methods.map((method) => vi.spyOn(console, method).mockImplementation(() => {}))
  try {
    expect((await signIn('wrong', 'nobody@example.test')).status).toBe(401)
    expect((await signIn('wrong')).status).toBe(401)
    expect(spies.map(({ mock }) => mock.calls)).toEqual([[], [], [], []])
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
})
