import { beforeAll, expect, test } from 'vitest'
import { addUser } from '#lib/auth/add-user.ts'
import { actor } from '#lib/backup/console-for-tests.ts'
import { listNotices, putNoticeAway } from '#lib/notices/list-notices.ts'
import { listRevisions, viewRevision } from './list-revisions.ts'
import { confirmed, savingConsole } from './saving-console-for-tests.ts'
import type { EnvironmentInput } from './schema.ts'
import { viewAtAGlance, viewEnvironment } from './view-environment.ts'

const nothingOffered = { keys: [], roles: [] }

const here = savingConsole()
const { own } = here
let key: string
const other = 'other@example.test'
beforeAll(async () => {
  key = here.key('backups')
  for (const email of [actor, other])
    await addUser(
      here.db,
      { email, name: email, password: 'correct horse battery', role: 'administrator' },
      'command line',
    )
  // That these two came is no change of the settings.
  await here.db.notice.deleteMany()
})

const save = async (changes: Partial<EnvironmentInput>, options = confirmed) =>
  here.saveOn(await here.newest(), changes, actor, options)
const noticesOf = async (email: string) => {
  const { id } = await here.db.user.findUniqueOrThrow({ where: { email } })
  return listNotices(here.db, { id, email })
}

test('further keys: each is checked, kept as typed and as resolved, and asked about', async () => {
  const elsewhere = here.key('backups', 'us-west-2')
  expect(await save({})).toMatchObject({ status: 'success', revision: 1 })
  const two = { furtherKeys: [{ typed: 'alias/archive' }, { typed: elsewhere }] }
  expect(await save(two, {})).toMatchObject({
    status: 'confirm',
    asks: ['password'],
    reasons: [expect.stringContaining(here.key('archive')), expect.stringContaining(elsewhere)],
  })
  expect(await save(two)).toMatchObject({ status: 'success', revision: 2 })
  expect(await viewEnvironment(here.context, nothingOffered)).toMatchObject({
    values: two,
    furtherKeys: [
      { typed: 'alias/archive', keyArn: here.key('archive') },
      { typed: elsewhere, keyArn: elsewhere },
    ],
  })
  // A key less lets nobody read more.
  expect(await save({ furtherKeys: [{ typed: elsewhere }] }, {})).toMatchObject({ status: 'success', revision: 3 })

  const retired = await save({ furtherKeys: [{ typed: elsewhere }, { typed: here.key('retired') }] })
  expect(retired).toMatchObject({
    status: 'error',
    fieldErrors: { 'furtherKeys.1.typed': expect.stringContaining('disabled') },
  })
  const twice = await save({ furtherKeys: [{ typed: 'alias/backups' }] })
  expect(twice).toMatchObject({
    status: 'error',
    fieldErrors: { 'furtherKeys.0.typed': expect.stringContaining('already in the list') },
  })
  expect(await here.newest()).toBe(3)
})

test('every other administrator is told of what changes who can read, until they put it away', async () => {
  expect(await noticesOf(actor)).toEqual({ rows: [], more: 0 })
  const { rows } = await noticesOf(other)
  expect(rows).toMatchObject([
    {
      actor,
      title: 'Backup Environment changed',
      detail: expect.stringContaining(here.key('archive')),
      link: '/settings/backup-environment/history/2',
    },
  ])
  const { id } = await here.db.user.findUniqueOrThrow({ where: { email: other } })
  for (const _ of [1, 2]) await putNoticeAway(here.db, { id, email: other }, BigInt(rows[0]?.id ?? 0))
  await putNoticeAway(here.db, { id, email: other }, 999_999n)
  expect(await noticesOf(other)).toEqual({ rows: [], more: 0 })
  // Who comes later was not there when it was done.
  await here.db.notice.create({ data: { actor, title: 'Old', detail: '', at: new Date(0) } })
  expect(await noticesOf(other)).toEqual({ rows: [], more: 0 })
})

test('history: who, when, what changed, and the report', async () => {
  const { rows, nextBefore } = await listRevisions(here.db, {})
  expect(nextBefore).toBeNull()
  expect(rows.map(({ number, current, by }) => ({ number, current, by }))).toEqual([
    { number: 3, current: true, by: actor },
    { number: 2, current: false, by: actor },
    { number: 1, current: false, by: actor },
  ])
  expect(rows[0]?.changes).toEqual({
    furtherKeys: [expect.stringContaining('alias/archive (arn:'), here.key('backups', 'us-west-2')],
  })
  expect(await viewRevision(here.context, 2)).toMatchObject({
    number: 2,
    newest: 3,
    keyArn: key,
    report: { ok: true },
    changes: { furtherKeys: [null, expect.any(String)] },
    differenceToNewest: { furtherKeys: [expect.any(String), expect.stringContaining('alias/archive')] },
  })
  expect(await viewRevision(here.context, 99)).toBeUndefined()
})

test('an older revision is restored by a save that is checked again, with its stored secret', async () => {
  const { secretAccessKey, ...kept } = own()
  expect(await save({ ...kept, secretAccessKey: secretAccessKey ?? '' })).toMatchObject({ revision: 4 })
  expect(await save({})).toMatchObject({ revision: 5 })
  expect(await save({ ...kept, secretAccessKey: '' })).toMatchObject({
    status: 'error',
    fieldErrors: { secretAccessKey: expect.any(String) },
  })
  const view = await viewEnvironment(here.context, nothingOffered, 4)
  expect(view).toMatchObject({ revision: 5, restoring: { number: 4, hasSecret: true, values: kept } })
  const restored = await save(view.restoring?.values ?? {}, { ...confirmed, restoredFrom: 4 })
  expect(restored).toMatchObject({ status: 'success', revision: 6 })
  const [newest] = (await listRevisions(here.db, {})).rows
  expect(newest).toMatchObject({
    number: 6,
    restoredFrom: 4,
    changes: { hosted: ['true', 'false'], secretAccessKey: [null, 'replaced'] },
  })
  // The same access key, entered again, is no change of who can read.
  expect(await save({ ...kept, secretAccessKey: secretAccessKey ?? '' }, {})).toMatchObject({ revision: 7 })
  // Neither the newest nor one that is not there is an older one.
  for (const number of [7, 8])
    expect((await viewEnvironment(here.context, nothingOffered, number)).restoring).toBeNull()
  const disabled = here.key('retired')
  expect(await save({ masterKey: disabled }, { ...confirmed, restoredFrom: 1 })).toMatchObject({ status: 'error' })
})

test('history comes in pages that new revisions never shift', async () => {
  for (let more = 0; more < 20; more += 1)
    await here.db.$executeRaw`
      INSERT INTO environment_revision SELECT (r).* FROM (
        SELECT jsonb_populate_record(NULL::environment_revision, to_jsonb(e) || jsonb_build_object('number', e.number + 1)) AS r
        FROM environment_revision e ORDER BY number DESC LIMIT 1) AS next`
  const first = await listRevisions(here.db, {})
  expect(first.rows).toHaveLength(25)
  expect(first.rows.at(-1)).toMatchObject({ number: 3, changes: { furtherKeys: expect.anything() } })
  expect(first.nextBefore).toBe('3')
  const second = await listRevisions(here.db, { before: 3 })
  expect(second).toMatchObject({ rows: [{ number: 2 }, { number: 1 }], nextBefore: null })
})

test('what depends on key and bucket: complete backups, their bytes, the oldest', async () => {
  const backup = (bytes: bigint, keyIds: string[], bucket: string, state: 'complete' | 'failed' = 'complete') =>
    here.db.backup.create({
      data: {
        environmentId: here.environment,
        revision: 1,
        name: 'x',
        source: '/x',
        region: 'us-east-1',
        bucket,
        prefix: '',
        method: 'AWS-KMS',
        createdBy: actor,
        createdAt: new Date(Number(bytes) * 1000),
        bytes,
        keyIds,
        state,
      },
    })
  await backup(10n, [key], 'elsewhere')
  await backup(20n, [key, 'arn:x'], 'vault-hosted-us-east-1')
  await backup(40n, ['arn:x'], 'vault-hosted-us-east-1')
  await backup(80n, [key], 'vault-hosted-us-east-1', 'failed')
  expect(await viewEnvironment(here.context, nothingOffered)).toMatchObject({
    dependents: {
      key: { backups: 2, bytes: 30, oldest: new Date(10_000).toISOString() },
      bucket: { backups: 2, bytes: 60, oldest: new Date(20_000).toISOString() },
    },
  })
  const glance = await viewAtAGlance(here.context)
  expect(glance).toMatchObject({ backups: 3, revision: expect.any(Number) })
  // That takes a look into every backup, and the overview has no use for it.
  expect(glance).not.toHaveProperty('dependents')
})
