import { hashPassword } from 'better-auth/crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '#lib/db-for-tests.ts'
import { AppError } from '#lib/errors.ts'
import { listNotices, putNoticeAway } from '#lib/notices/list-notices.ts'
import { addUser } from './add-user.ts'
import { changeRole } from './change-role.ts'
import { listAllUsers, listUsers, viewUser } from './list-users.ts'
import { heldOpen, password, peopleOf, waiting } from './people-for-tests.ts'
import { readSession } from './read-session.ts'
import { recordRefusal } from './record-refusal.ts'
import { removeUser } from './remove-user.ts'
import { replacePassword } from './replace-password.ts'
import { emailSchema, type SessionUser, usersQuerySchema } from './schema.ts'
import { setPassword } from './set-password.ts'
import { signOutEverywhere } from './sign-out-everywhere.ts'

let database: TestDatabase
let people: ReturnType<typeof peopleOf>
beforeAll(async () => {
  database = await openTestDatabase()
  people = peopleOf(database)
})
afterAll(() => database.close())
beforeEach(async () => {
  await database.db.user.deleteMany()
  await database.db.rateLimit.deleteMany()
})

const administrators = () => database.db.user.count({ where: { role: 'administrator' } })
const sessionsOf = ({ id }: SessionUser) => database.db.session.count({ where: { userId: id } })
const read = (headers: Headers) => readSession({ db: database.db, auth: people.auth }, headers, { keepAlive: true })
const audited = async (action: string, { email }: SessionUser) =>
  database.db.auditEvent.findMany({
    where: { action, subject: email },
    select: { actor: true, outcome: true, changes: true },
  })
const codeOf = (run: Promise<unknown>) =>
  run.then(
    () => 'done',
    (error: unknown) => (error instanceof AppError ? error.code : error),
  )
const token = (owner: SessionUser, name: string, more = {}) =>
  database.db.apiToken.create({
    data: {
      name,
      hash: `${name}${owner.id}`,
      start: `vct_${name.slice(0, 8)}`,
      scopes: ['backup:create'],
      userId: owner.id,
      expiresAt: new Date(Date.now() + 3_600_000),
      ...more,
    },
  })

test('a list of everybody: by address, with sessions and tokens that are open, and when they were last here', async () => {
  const { db } = database
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
  const { db } = database
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

test('a changed role counts at once for an open session, once, and other administrators are told', async () => {
  const { db } = database
  const [by, other, person] = [
    await people.add('administrator'),
    await people.add('administrator'),
    await people.add('operator'),
  ]
  const browser = await people.signIn(person)
  expect((await read(browser))?.user.role).toBe('operator')
  await changeRole(db, person, 'administrator', by)
  await changeRole(db, person, 'administrator', by)
  expect((await read(browser))?.user.role).toBe('administrator')
  expect(await audited('user.role', person)).toEqual([
    { actor: by.email, outcome: 'success', changes: { role: ['operator', 'administrator'] } },
  ])
  const [news] = (await listNotices(db, other)).rows
  expect(news).toMatchObject({ actor: by.email, title: 'New administrator', link: `/settings/users/${person.id}` })
  await changeRole(db, { email: person.email }, 'viewer', 'command line')
  expect((await read(browser))?.user.role).toBe('viewer')
})

test('the last administrator is neither demoted nor removed, not from the command line either', async () => {
  const { db } = database
  const only = await people.add('administrator')
  await people.add('operator')
  for (const run of [
    () => changeRole(db, only, 'operator', 'command line'),
    () => removeUser(db, { email: only.email }, 'command line'),
  ])
    await expect(run()).rejects.toMatchObject({ code: 'conflict', message: `${only.email} is the last administrator.` })
  expect(await viewUser(db, only.id)).toMatchObject({ role: 'administrator', lastAdministrator: true })
  expect([await audited('user.role', only), await audited('user.remove', only)]).toEqual([[], []])
  await people.add('administrator')
  expect(await viewUser(db, only.id)).toMatchObject({ lastAdministrator: false })
  await removeUser(db, only, 'command line')
  expect(await administrators()).toBe(1)
})

test('two administrators who demote or remove each other at the same time: one is left', async () => {
  const { db } = database
  for (const [first, second] of [
    [changeRole, changeRole],
    [changeRole, removeUser],
    [removeUser, removeUser],
  ] as const) {
    await db.user.deleteMany()
    const [a, b] = [await people.add('administrator'), await people.add('administrator')]
    const act = (run: typeof first | typeof second, whom: SessionUser, by: SessionUser) =>
      codeOf(run === removeUser ? removeUser(db, whom, by) : changeRole(db, whom, 'viewer', by))
    const answers = await Promise.all([act(first, b, a), act(second, a, b)])
    expect(answers.sort()).toEqual(['denied', 'done'])
    expect(await administrators()).toBe(1)
  }
})

test('somebody demoted or removed meanwhile does nothing more, whatever their page still shows', async () => {
  const { db } = database
  const [demoted, gone, target] = [
    await people.add('administrator'),
    await people.add('administrator'),
    await people.add('operator'),
  ]
  await people.add('administrator')
  await changeRole(db, demoted, 'operator', 'command line')
  await removeUser(db, gone, 'command line')
  for (const by of [demoted, gone]) {
    const accomplice = { email: 'accomplice@example.test', name: 'A', password, role: 'administrator' as const }
    for (const run of [
      () => addUser(db, accomplice, by),
      () => changeRole(db, demoted, 'administrator', by),
      () => changeRole(db, target, 'administrator', by),
      () => setPassword(db, target, 'another password', by),
      () => signOutEverywhere(db, target, by),
      () => removeUser(db, target, by),
    ])
      expect(await codeOf(run())).toBe('denied')
  }
  expect(await database.db.user.count()).toBe(3)
})

test('nobody does it to themselves from a page, and an unknown person is one sentence', async () => {
  const { db } = database
  const [self] = [await people.add('administrator'), await people.add('administrator')]
  for (const run of [
    () => changeRole(db, self, 'viewer', self),
    () => setPassword(db, self, 'another password', self),
    () => signOutEverywhere(db, self, self),
    () => removeUser(db, self, self),
    () => removeUser(db, { email: self.email }, self),
  ])
    await expect(run()).rejects.toMatchObject({ code: 'invalid', message: 'This is your own account.' })
  expect(await codeOf(removeUser(db, { id: 'nobody' }, self))).toBe('not-found')
  await expect(removeUser(db, { email: 'nobody@example.test' }, 'command line')).rejects.toThrow(
    'There is no user nobody@example.test.',
  )
})

test('an address that is written otherwise is the same person', async () => {
  const { db } = database
  const person = await people.add('viewer')
  const typed = emailSchema.parse(person.email.toUpperCase())
  expect(await codeOf(addUser(db, { ...person, email: typed, password, role: 'administrator' }, 'command line'))).toBe(
    'conflict',
  )
  await changeRole(db, { email: typed }, 'operator', 'command line')
  expect((await viewUser(db, person.id))?.role).toBe('operator')
})

test('a new password ends every session and the pause after wrong ones; the old password opens nothing', async () => {
  const { db } = database
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
  const person = await people.add('operator')
  const hash = await hashPassword('a new correct horse')
  const change = await heldOpen(database, async (tx) => {
    await replacePassword(tx, person, hash)
  })
  // The old password is still the right one, and the sessions have been ended already.
  const signingIn = people.signIn(person).then(
    () => 'signed in',
    (error: { status?: unknown }) => error.status,
  )
  await expect.poll(() => waiting(database)).toBe(1)
  await change.commit()
  expect(await signingIn).toBe('UNAUTHORIZED')
  expect(await sessionsOf(person)).toBe(0)
  const where = { action: 'auth.sign-in', subject: person.email }
  expect(await database.db.auditEvent.findMany({ where, select: { outcome: true } })).toEqual([{ outcome: 'refused' }])
})

test('signing out everywhere ends sessions, and nothing else', async () => {
  const { db } = database
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

test('removing takes password, sessions and tokens; what they did keeps their address', async () => {
  const { db } = database
  const [by, person] = [await people.add('administrator'), await people.add('administrator', 'Newcomer')]
  const browser = await people.signIn(person)
  await token(person, 'nightly')
  const environment = await db.environment.findFirstOrThrow()
  const backup = await db.backup.create({
    data: {
      environmentId: environment.id,
      revision: 1,
      name: 'b',
      source: '/b',
      region: 'us-east-1',
      bucket: 'b',
      prefix: '',
      method: 'none',
      createdBy: person.email,
    },
  })
  await recordRefusal(db, person, 'seal.change', 'for this test.')
  const news = await db.notice.create({ data: { actor: person.email, title: 'News', detail: 'of theirs' } })
  await putNoticeAway(db, person, news.id)
  await removeUser(db, person, by)
  expect(await read(browser)).toBeUndefined()
  await expect(people.signIn(person)).rejects.toMatchObject({ status: 'UNAUTHORIZED' })
  const userId = person.id
  const left = { where: { userId } }
  expect(
    await Promise.all([
      db.session.count(left),
      db.account.count(left),
      db.apiToken.count(left),
      db.noticeSeen.count(left),
    ]),
  ).toEqual([0, 0, 0, 0])
  expect(await db.rateLimit.count({ where: { key: { contains: userId } } })).toBe(0)
  expect(await audited('user.remove', person)).toEqual([
    {
      actor: by.email,
      outcome: 'success',
      changes: {
        name: ['Newcomer', null],
        role: ['administrator', null],
        sessions: ['1', null],
        'API tokens': ['nightly (vct_nightly…)', null],
      },
    },
  ])
  expect((await db.backup.findUniqueOrThrow({ where: { id: backup.id } })).createdBy).toBe(person.email)
  expect((await listNotices(db, by)).rows.map(({ actor }) => actor)).toContain(person.email)
  expect(
    await db.auditEvent.count({ where: { action: 'auth.sign-in', outcome: 'success', actor: person.email } }),
  ).toBe(1)
  // Whoever gets the address next is somebody else.
  await addUser(db, { email: person.email, name: 'B', password, role: 'viewer' }, by)
  expect(await read(browser)).toBeUndefined()
  expect(await codeOf(changeRole(db, { id: person.id }, 'administrator', by))).toBe('not-found')
})

test('refusals are written down ten times in a quarter of an hour for each person and permission', async () => {
  const { db } = database
  const [viewer, operator] = [await people.add('viewer'), await people.add('operator')]
  const refuse = (who: SessionUser) => recordRefusal(db, who, 'user.manage', `the role ${who.role} does not allow it.`)
  await Promise.all(Array.from({ length: 100 }, () => refuse(viewer)))
  await refuse(operator)
  await recordRefusal(db, viewer, 'seal.read', 'the role viewer does not allow it.')
  const rows = await db.auditEvent.groupBy({
    by: ['actor', 'subject', 'outcome'],
    where: { action: 'access.refused', actor: { in: [viewer.email, operator.email] } },
    _count: true,
    orderBy: [{ actor: 'asc' }, { subject: 'asc' }],
  })
  expect(rows).toEqual([
    {
      actor: operator.email,
      outcome: 'refused',
      subject: 'user.manage: the role operator does not allow it.',
      _count: 1,
    },
    { actor: viewer.email, outcome: 'refused', subject: 'seal.read: the role viewer does not allow it.', _count: 1 },
    { actor: viewer.email, outcome: 'refused', subject: 'user.manage: the role viewer does not allow it.', _count: 10 },
  ])
})
