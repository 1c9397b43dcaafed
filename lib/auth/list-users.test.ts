import { expect, test } from 'vitest'
import { listAllUsers, listUsers, viewUser } from './list-users.ts'
import { nobodyYet } from './people-for-tests.ts'
import { usersQuerySchema } from './schema.ts'
import { signOutEverywhere } from './sign-out-everywhere.ts'

const here = nobodyYet()
const { read, token } = here

test('a list of everybody: by address, with sessions and tokens that are open, and when they were last here', async () => {
  const { db, people } = here
  const operator = await people.add('operator', 'Ö'.repeat(200))
  const viewer = await people.add('viewer')
  await people.signIn(operator)
  const old = await people.signIn(operator)
  await db.session.updateMany({
    where: { id: (await read(old))?.id ?? '' },
    data: { createdAt: new Date(Date.now() - 8 * 24 * 3_600_000) },
  })
  await token(operator, 'works')
  await token(operator, 'revoked', { revokedAt: new Date() })
  await token(operator, 'expired', { expiresAt: new Date(Date.now() - 1) })
  const rows = await listAllUsers(db)
  expect(rows).toMatchObject([
    { email: operator.email, name: 'Ö'.repeat(200), role: 'operator', sessions: 1, tokens: 1 },
    { email: viewer.email, role: 'viewer', sessions: 0, tokens: 0, lastSeenAt: null },
  ])
  const seen = rows[0]?.lastSeenAt
  expect(Date.now() - Date.parse(seen ?? '')).toBeLessThan(60_000)
  // It is still known when no session is left to read it from.
  await signOutEverywhere(db, operator, 'command line')
  expect(await viewUser(db, operator.id)).toMatchObject({ sessions: 0, lastSeenAt: seen, lastAdministrator: false })
  for (const nobody of ['nobody', '', 'a\0b', '../x']) expect(await viewUser(db, nobody), nobody).toBeUndefined()
})

test('500 people come in pages, and are found by address, name and role, letter by letter', async () => {
  const { db } = here
  await db.user.createMany({
    data: Array.from({ length: 500 }, (_, index) => ({
      id: `id-${index}`,
      email: `p${String(index).padStart(3, '0')}@example.test`,
      name: index === 7 ? '100% Anna_B' : `Person ${index}`,
      role: index % 100 === 0 ? ('administrator' as const) : ('viewer' as const),
    })),
  })
  const list = (query: object) => listUsers(db, usersQuerySchema.parse(query))
  const pages = await Promise.all([1, 10, 11].map((page) => list({ page })))
  expect(pages.map(({ rows, page }) => [rows.length, page, rows.at(0)?.email])).toEqual([
    [50, 1, 'p000@example.test'],
    [50, 10, 'p450@example.test'],
    [50, 10, 'p450@example.test'],
  ])
  expect(pages[0]).toMatchObject({ total: 500, found: 500, pages: 10 })
  expect(await list({ role: 'administrator' })).toMatchObject({ total: 500, found: 5, pages: 1 })
  for (const text of ['0% anna', 'ANNA_B', 'P007@', '%']) {
    const { rows } = await list({ text })
    expect(
      rows.map(({ id }) => id),
      text,
    ).toEqual(['id-7'])
  }
  expect(await list({ text: 'p__7' })).toMatchObject({ rows: [], found: 0, page: 1, pages: 1 })
  expect(usersQuerySchema.parse({ text: 'a\0', role: 'root', page: '-1' })).toEqual({ page: 1 })
})
