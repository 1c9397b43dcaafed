import { expect, test } from 'vitest'
import { AppError } from '#lib/errors.ts'
import { listNotices, putNoticeAway } from '#lib/notices/list-notices.ts'
import { addUser } from './add-user.ts'
import { changeRole } from './change-role.ts'
import { viewUser } from './list-users.ts'
import { nobodyYet, password } from './people-for-tests.ts'
import { recordRefusal } from './record-refusal.ts'
import { removeUser } from './remove-user.ts'
import { emailSchema, type SessionUser } from './schema.ts'
import { setPassword } from './set-password.ts'
import { signOutEverywhere } from './sign-out-everywhere.ts'

const here = nobodyYet()
const { audited, read, token } = here

const administrators = () => here.db.user.count({ where: { role: 'administrator' } })
const codeOf = (run: Promise<unknown>) =>
  run.then(
    () => 'done',
    (error: unknown) => (error instanceof AppError ? error.code : error),
  )

test('a changed role counts at once for an open session, once, and other administrators are told', async () => {
  const { db, people } = here
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
  const { db, people } = here
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
  const { db, people } = here
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
  const { db, people } = here
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
  expect(await here.db.user.count()).toBe(3)
})

test('nobody does it to themselves from a page, and an unknown person is one sentence', async () => {
  const { db, people } = here
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
  const { db, people } = here
  const person = await people.add('viewer')
  const typed = emailSchema.parse(person.email.toUpperCase())
  expect(await codeOf(addUser(db, { ...person, email: typed, password, role: 'administrator' }, 'command line'))).toBe(
    'conflict',
  )
  await changeRole(db, { email: typed }, 'operator', 'command line')
  expect((await viewUser(db, person.id))?.role).toBe('operator')
})

test('removing takes password, sessions and tokens; what they did keeps their address', async () => {
  const { db, people } = here
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
