import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '#lib/db-for-tests.ts'
import type { MadeOnceContext } from '#lib/seal/made-once.ts'
import { unseal } from '#lib/seal/unseal.ts'
import { addUser } from './add-user.ts'
import { createApiToken, isToken, listApiTokens, newToken, revokeApiToken, viewApiTokens } from './api-tokens.ts'
import { authenticateToken } from './authenticate-token.ts'
import { hashToken } from './hash-token.ts'
import { createTokenSchema, type Role, type TokenScope, tokensQuerySchema } from './schema.ts'

const dataDir = mkdtempSync(path.join(tmpdir(), 'vault-console-tokens-'))
let database: TestDatabase
let here: MadeOnceContext
beforeAll(async () => {
  database = await openTestDatabase()
  here = await contextOf(database)
})
afterAll(async () => {
  await database.close()
  rmSync(dataDir, { recursive: true })
})

async function contextOf({ db }: TestDatabase): Promise<MadeOnceContext> {
  const { id: installation } = await db.installation.findFirstOrThrow()
  const own = { credentials: { variables: {} }, endpoint: undefined }
  const { keyring } = await unseal({ db, installation }, { dataDir, configFile: undefined, variables: {}, own })
  return { db, installation, seal: keyring }
}

let people = 0
async function person(role: Role) {
  people += 1
  const email = `person-${people}@example.test`
  await addUser(database.db, { email, name: 'Person', password: 'correct horse battery', role }, 'command line')
  const { id } = await database.db.user.findUniqueOrThrow({ where: { email } })
  return { id, email, role }
}
const all: TokenScope[] = ['backup:create', 'backup:read', 'backup:restore']
const make = (owner: Awaited<ReturnType<typeof person>>, scopes = all) =>
  createApiToken(here, owner, createTokenSchema.parse({ name: 'nightly', scopes, expires: '90d' }), owner.email)

test('a token is 256 random bits that carry their checksum', () => {
  const token = newToken()
  expect(token).toMatch(/^vct_[0-9a-f]{72}$/)
  expect(newToken()).not.toBe(token)
  expect(isToken(token)).toBe(true)
  for (let at = 4; at < token.length; at += 1) {
    const other = token[at] === '0' ? '1' : '0'
    expect(isToken(token.slice(0, at) + other + token.slice(at + 1)), `character ${at}`).toBe(false)
  }
  for (const wrong of ['', 'vct_', token.slice(1), token.slice(0, -1), `${token}0`, token.toUpperCase(), ` ${token}`])
    expect(isToken(wrong), wrong).toBe(false)
})

test('its text is stored nowhere; its hash, its start and who made it are', async () => {
  const owner = await person('operator')
  const { id, token } = await make(owner)
  const { db } = database
  const row = await db.apiToken.findUniqueOrThrow({ where: { id } })
  expect(row).toMatchObject({
    hash: await hashToken(here, token),
    start: token.slice(0, 12),
    lastUsedAt: null,
    revokedAt: null,
  })
  const audit = await db.auditEvent.findMany({ where: { actor: owner.email } })
  expect(audit).toMatchObject([
    { action: 'token.create', outcome: 'success', subject: expect.stringContaining('nightly') },
  ])
  const everything = JSON.stringify([row, audit, await listApiTokens(db, { userId: owner.id })], (_, value) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  expect(everything).not.toContain(token.slice(12))
})

test('it acts as its user, and says when it was last used, at most once a minute', async () => {
  const owner = await person('operator')
  const { id, token } = await make(owner)
  const { db } = database
  expect(await authenticateToken(here, token, 'backup:create')).toEqual({
    ok: true,
    user: { id: owner.id, name: 'Person', email: owner.email, role: 'operator' },
    id,
    token: 'nightly',
  })
  const used = async () => (await db.apiToken.findUniqueOrThrow({ where: { id } })).lastUsedAt?.getTime() ?? 0
  const first = await used()
  expect(first).toBeGreaterThan(0)
  await authenticateToken(here, token, 'backup:read')
  expect(await used()).toBe(first)
  await db.apiToken.update({ where: { id }, data: { lastUsedAt: new Date(first - 61_000) } })
  await authenticateToken(here, token, 'backup:read')
  expect(await used()).toBeGreaterThanOrEqual(first)
})

test.each([
  ['expired', 401, /expired at/],
  ['revoked', 401, /was revoked/],
  ['user gone', 401, /does not know/],
  ['role lowered', 403, /role .* does not allow backup:create/],
  ['scope missing', 403, /no scope backup:create/],
  ['no scope named', 403, /takes no API token/],
  ['mistyped', 401, /missing or wrong/],
  ['stranger', 401, /does not know/],
] as const)('%s: %i', async (what, status, message) => {
  const { db } = database
  await db.rateLimit.deleteMany()
  const owner = await person('operator')
  const { id, token } = await make(owner, what === 'scope missing' ? ['backup:read'] : all)
  let text = token
  if (what === 'expired') await db.apiToken.update({ where: { id }, data: { expiresAt: new Date(Date.now() - 1) } })
  if (what === 'revoked') await revokeApiToken(db, id, owner.id, owner.email)
  if (what === 'user gone') await db.user.delete({ where: { id: owner.id } })
  if (what === 'role lowered') await db.user.update({ where: { id: owner.id }, data: { role: 'viewer' } })
  if (what === 'mistyped') text = token.slice(0, -1)
  if (what === 'stranger') text = newToken()
  const use = await authenticateToken(here, text, what === 'no scope named' ? undefined : 'backup:create')
  expect(use).toMatchObject({ ok: false, status, message: expect.stringMatching(message) })
  expect(JSON.stringify(use)).not.toContain(token.slice(12))
  const refusals = await db.auditEvent.findMany({ where: { action: 'access.refused', actor: owner.email } })
  expect(refusals.map(({ subject }) => subject)).toEqual(status === 403 ? [expect.stringMatching(message)] : [])
  expect(refusals.map(({ subject }) => subject).join()).not.toContain(token.slice(12))
  // A lowered role still reads.
  if (what === 'role lowered') expect(await authenticateToken(here, token, 'backup:read')).toMatchObject({ ok: true })
})

test('tries that fail are audited and then only counted; a token that works is never held up by them', async () => {
  const { db } = database
  await db.rateLimit.deleteMany()
  const { token } = await make(await person('viewer'), ['backup:read'])
  const before = await db.auditEvent.count({ where: { action: 'token.use' } })
  const statuses = []
  for (let tries = 0; tries < 14; tries += 1) {
    const use = await authenticateToken(here, tries % 2 ? newToken() : 'nonsense', 'backup:read')
    statuses.push(use.ok || use.status)
  }
  expect(statuses).toEqual([...Array(10).fill(401), ...Array(4).fill(429)])
  expect((await db.auditEvent.count({ where: { action: 'token.use' } })) - before).toBe(10)
  // The others are counted.
  expect(await db.rateLimit.findMany({ where: { key: { startsWith: 'counted:' } } })).toMatchObject([{ count: 4 }])
  expect(await authenticateToken(here, token, 'backup:read')).toMatchObject({ ok: true })
})

test('a scope that the role does not have is refused when it is made', async () => {
  await expect(make(await person('viewer'))).rejects.toMatchObject({ code: 'denied' })
})

test('revoking: one’s own, or anybody’s for who may; once', async () => {
  const { db } = database
  const owner = await person('operator')
  const { id } = await make(owner)
  await expect(revokeApiToken(db, id, 'somebody-else', 'x@example.test')).rejects.toMatchObject({ code: 'not-found' })
  await revokeApiToken(db, id, undefined, 'admin@example.test')
  await revokeApiToken(db, id, undefined, 'admin@example.test')
  expect(await db.auditEvent.count({ where: { action: 'token.revoke', actor: 'admin@example.test' } })).toBe(1)
  expect(await listApiTokens(db, { userId: owner.id })).toMatchObject([{ id, state: 'revoked' }])
})

test('120 of them come in pages, newest first; an old one is found by name, beginning and whose it is', async () => {
  const { db } = database
  const [owner, other] = [await person('operator'), await person('viewer')]
  await make(other, ['backup:read'])
  const expiresAt = new Date(Date.now() + 1_000_000)
  await db.apiToken.createMany({
    data: Array.from({ length: 120 }, (_, index) => ({
      ...{ userId: owner.id, name: index === 0 ? 'the_oldest' : `p${index}`, scopes: [], expiresAt },
      ...{
        hash: `page-${index}`,
        start: `vct_${index === 0 ? 'oldest' : index}`,
        createdAt: new Date(1_700_000_000_000 + index),
      },
    })),
  })
  const list = (query: object, userId?: string) => viewApiTokens(db, userId, tokensQuerySchema.parse(query))
  expect(await list({}, owner.id)).toMatchObject({ total: 120, found: 120, page: 1, pages: 3 })
  const last = await list({ page: 3 }, owner.id)
  expect([last.rows.length, last.rows.at(-1)?.name]).toEqual([20, 'the_oldest'])
  for (const text of ['THE_OLD', 'vct_OLD'])
    expect((await list({ text })).rows, text).toMatchObject([{ name: 'the_oldest' }])
  expect(await list({ text: owner.email })).toMatchObject({ found: 120 })
  expect((await list({ text: other.email }, owner.id)).rows).toEqual([])
})

test.each(['', '0d', '90', '90x', '367d', '99999d', '-1d', '1.5d'])('it cannot live for “%s”', (expires) => {
  expect(createTokenSchema.safeParse({ name: 'a', scopes: all, expires }).success).toBe(false)
})

test('a token from before there was a pepper still works; a hash that somebody put into the database does not', async () => {
  const other = await openTestDatabase()
  try {
    const email = 'before@example.test'
    await addUser(
      other.db,
      { email, name: 'Before', password: 'correct horse battery', role: 'viewer' },
      'command line',
    )
    const { id: userId } = await other.db.user.findUniqueOrThrow({ where: { email } })
    const plant = async (name: string) => {
      const token = newToken()
      const hash = createHash('sha256').update(token).digest('hex')
      const expiresAt = new Date(Date.now() + 60_000)
      const data = { name, scopes: ['backup:read'], userId, expiresAt, start: token.slice(0, 12), hash }
      await other.db.apiToken.create({ data })
      return token
    }
    const old = await plant('old')
    const context = await contextOf(other)
    expect(await authenticateToken(context, old, 'backup:read')).toMatchObject({ ok: true, token: 'old' })
    expect(await authenticateToken(context, await plant('forged'), 'backup:read')).toMatchObject({ status: 401 })
  } finally {
    await other.close()
  }
})
