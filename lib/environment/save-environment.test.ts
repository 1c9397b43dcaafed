import { beforeAll, expect, test } from 'vitest'
import { actor, settings } from '#lib/backup/console-for-tests.ts'
import { confirmedBy } from './confirm.ts'
import { testEnvironment } from './save-environment.ts'
import type { Confirmation } from './save-schema.ts'
import { confirmed, savingConsole } from './saving-console-for-tests.ts'
import type { EnvironmentInput } from './schema.ts'
import { viewEnvironment } from './view-environment.ts'

const nothingOffered = { keys: [], roles: [] }

const here = savingConsole()
const { audit, lastAudit, own, revision, written } = here
let key: string
beforeAll(() => {
  key = here.key('backups')
})
const save = (changes: Partial<EnvironmentInput>, base: number, who = actor, options = confirmed) =>
  here.saveOn(base, changes, who, options)

test('a save is a revision with its report, and an audit row that says what changed', async () => {
  expect(await viewEnvironment(here.context, nothingOffered)).toMatchObject({
    revision: 0,
    report: null,
    savedBy: null,
  })
  const result = await save({}, 0)
  expect(result).toMatchObject({ status: 'success', revision: 1, report: { ok: true, keyArn: key } })
  expect(await revision(1)).toMatchObject({
    storageType: 's3',
    region: 'us-east-1',
    method: 'AWS-KMS',
    masterKey: key,
    keyArn: key,
    hosted: true,
    label: '',
    bucket: 'vault-hosted-us-east-1',
    prefix: '',
    credentials: 'default',
    accessKeyId: null,
    secretId: null,
    createdBy: actor,
    report: 'report' in result ? result.report : undefined,
  })
  expect(await audit()).toMatchObject([
    {
      actor,
      outcome: 'success',
      subject: 'Backup Environment, revision 1',
      changes: {
        storageType: [null, 's3'],
        region: [null, 'us-east-1'],
        method: [null, 'AWS-KMS'],
        masterKey: [null, key],
        keyArn: [null, key],
        hosted: [null, 'true'],
        bucket: [null, 'vault-hosted-us-east-1'],
        credentials: [null, 'default'],
      },
    },
  ])
  expect(await viewEnvironment(here.context, nothingOffered)).toMatchObject({
    revision: 1,
    savedBy: actor,
    keyArn: key,
    values: settings({ masterKey: key }),
  })
})

test('only what changed is in the audit row', async () => {
  const other = here.key('archive')
  expect(await save({ masterKey: 'alias/archive' }, 1)).toMatchObject({ status: 'success', revision: 2 })
  expect((await lastAudit())?.changes).toEqual({ masterKey: [key, 'alias/archive'], keyArn: [key, other] })
})

test('a failed check keeps nothing but an audit row, and is shown at the field that mends it', async () => {
  const [revisions] = await written()
  const { arn: AWS } = here.sandbox.administrator
  const takesAnybody = { Effect: 'Allow', Principal: { AWS }, Action: 'sts:AssumeRole' }
  await here.sandbox.control('PUT', 'roles/444455556666/open', {
    trustPolicy: { Version: '2012-10-17', Statement: [takesAnybody] },
  })
  const role = { credentials: 'assume-role', roleArn: 'arn:aws:iam::444455556666:role/open' } as const
  const refused: [Partial<EnvironmentInput>, string, RegExp][] = [
    [{ masterKey: here.key('retired') }, 'masterKey', /The key is disabled/],
    [{ masterKey: here.key('write-only') }, 'masterKey', /Decrypt was refused by the key policy/],
    [own({ bucket: 'there-is-none' }), 'bucket', /There is no such bucket/],
    [own({ secretAccessKey: 'x'.repeat(40) }), 'accessKeyId', /The secret access key is wrong/],
    [own({ ...role, accessKeyId: '', secretAccessKey: '' }), 'roleArn', /The role does not ask for the external ID/],
  ]
  for (const [changes, field, words] of refused) {
    const result = await save(changes, 2)
    expect(result).toMatchObject({
      status: 'error',
      message: expect.stringMatching(new RegExp(`^Nothing was saved\\. .*${words.source}`)),
      fieldErrors: { [field]: expect.stringMatching(words) },
      report: { ok: false },
    })
    expect(await lastAudit()).toMatchObject({ outcome: 'refused', actor, subject: expect.stringMatching(words) })
  }
  await here.fail({ service: 'kms', operation: '*', effect: 'Outage' })
  expect(await save({}, 2)).toMatchObject({ status: 'error', fieldErrors: {} })
  expect((await written())[0]).toBe(revisions)
})

test('unencrypted needs a word typed, and asks nothing of KMS', async () => {
  await here.sandbox.control('DELETE', 'requests')
  const open = { encrypt: false, masterKey: '' }
  const before = await written()
  const given = (confirmation: Confirmation) =>
    save(open, 2, actor, { confirm: confirmedBy(confirmation, async (word) => (word === 'right' ? undefined : 'No.')) })
  const needed = { status: 'confirm', asks: ['password', 'word'], report: { ok: true } }
  const missing = await given({})
  expect(missing).toMatchObject(needed)
  expect(missing).not.toHaveProperty('wrong')
  expect(await save(open, 2, actor, {})).toMatchObject(needed)
  expect(await given({ password: 'right' })).toMatchObject(needed)
  expect(await given({ password: 'right', word: 'yes' })).toMatchObject({ ...needed, wrong: { what: 'word' } })
  expect(await given({ password: 'wrong', word: 'unencrypted' })).toMatchObject({
    ...needed,
    wrong: { what: 'password', message: 'No.' },
  })
  expect(await written()).toEqual(before)
  expect(await given({ password: 'right', word: ' Unencrypted'.trim() })).toMatchObject({
    status: 'success',
    revision: 3,
  })
  expect(await revision(3)).toMatchObject({ method: 'none', masterKey: null, keyArn: null, furtherKeys: [] })
  expect((await here.counts()).kms).toBeUndefined()
  // It is off already: the word is not asked for again.
  expect(await save({ ...open, label: 'again' }, 3, actor, {})).toMatchObject({ status: 'success', revision: 4 })
})

test('a save based on an older revision is refused, names who changed it, and asks nothing of AWS', async () => {
  expect(await save({}, 4, 'other@example.test')).toMatchObject({ status: 'success', revision: 5 })
  await here.sandbox.control('DELETE', 'requests')
  const before = await written()
  const result = await save({}, 4)
  expect(result).toMatchObject({
    status: 'error',
    message: expect.stringMatching(
      /^other@example\.test saved revision 5 at \d{4}-\d\d-\d\dT.* while you were editing revision 4\./,
    ),
  })
  expect(await save({}, 99)).toMatchObject({ status: 'error' })
  expect(await written()).toEqual(before)
  expect(await here.counts()).toEqual({})
})

test('two administrators save at once, 200 times: each save is a revision, or a refusal that names whose came first', async () => {
  const people = ['first@example.test', 'second@example.test']
  const [revisionsBefore = 0] = await written()
  const auditBefore = (await audit()).length
  const base = await here.newest()
  // Without a KMS key there is less to prove, and it is not the proof that is tried here.
  const mine = (label: string) => own({ credentials: 'default', method: 'AES-256', masterKey: '', label })
  const expected: { label: string; createdBy: string }[] = []
  for (let round = 0; round < 200; round += 1) {
    const outcomes = await Promise.all(
      people.map(async (who) => ({ who, result: await save(mine(`${round} ${who}`), base + round, who) })),
    )
    const [saved, ...others] = outcomes.filter(({ result }) => result.status === 'success')
    const [refused] = outcomes.filter(({ result }) => result.status === 'error')
    expect(others).toEqual([])
    expect(saved?.result).toMatchObject({ revision: base + round + 1 })
    const message = expect.stringContaining(`${saved?.who} saved revision ${base + round + 1} at `)
    expect(refused?.result).toMatchObject({ message })
    expected.push({ label: `${round} ${saved?.who}`, createdBy: saved?.who ?? '' })
  }

  const rows = await here.db.environmentRevision.findMany({ orderBy: { number: 'asc' } })
  expect(rows.map(({ number }) => number)).toEqual(rows.map((_, index) => index + 1))
  expect(rows.slice(revisionsBefore).map(({ label, createdBy }) => ({ label, createdBy }))).toEqual(expected)
  const lines = (await audit()).slice(auditBefore)
  expect(lines.map(({ subject, actor }) => ({ subject, actor }))).toEqual(
    rows.slice(revisionsBefore).map(({ number, createdBy }) => ({
      subject: `Backup Environment, revision ${number}`,
      actor: createdBy,
    })),
  )
}, 240_000)

test('without its audit row a revision is not written', async () => {
  await here.db.$executeRaw`ALTER TABLE audit_event ADD CONSTRAINT nobody CHECK (actor <> 'unaudited@example.test')`
  const base = await here.newest()
  const before = await written()
  await expect(save({}, base, 'unaudited@example.test')).rejects.toThrow()
  expect(await written()).toEqual(before)
  expect(await save({}, base)).toMatchObject({ status: 'success', revision: base + 1 })
})

test('a test of a key keeps nothing but its audit row', async () => {
  const before = await written()
  const good = await testEnvironment(here.context, settings({ masterKey: key }), actor)
  expect(good).toMatchObject({ status: 'success', report: { ok: true } })
  const bad = await testEnvironment(here.context, settings({ masterKey: here.key('retired') }), actor)
  expect(bad).toMatchObject({ status: 'success', report: { ok: false } })
  expect(await written()).toEqual(before)
  const rows = await here.db.auditEvent.findMany({ where: { action: 'key.check' }, orderBy: { id: 'asc' } })
  expect(rows).toMatchObject([
    { actor, outcome: 'success', subject: key },
    { actor, outcome: 'failed', subject: here.key('retired') },
  ])
})

test.each(['audit_event', 'environment_revision'])('%s is append-only', async (table) => {
  const column = table === 'audit_event' ? 'actor' : 'bucket'
  const content = () => here.db.$queryRawUnsafe(`SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM ${table} t`)
  const before = await content()
  for (const statement of [
    `UPDATE ${table} SET ${column} = 'changed'`,
    `UPDATE ${table} SET ${column} = 'changed' WHERE false`,
    `DELETE FROM ${table}`,
    `TRUNCATE ${table}`,
    `TRUNCATE ${table} CASCADE`,
    `INSERT INTO ${table} SELECT * FROM ${table} LIMIT 1 ON CONFLICT ${table === 'audit_event' ? '(id)' : '("environmentId", number)'} DO UPDATE SET ${column} = 'changed'`,
  ])
    await expect(here.db.$executeRawUnsafe(statement)).rejects.toThrow(/is refused: its rows are never changed/)
  expect(await content()).toEqual(before)
})
