import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { actor, openTestConsole, settings, type TestConsole } from '#lib/backup/console-for-tests.ts'
import { keyArn, openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { countValues } from '#lib/seal/seal-status.ts'
import { accessOf } from './access.ts'
import { confirmedBy } from './confirm.ts'
import { type SaveOptions, saveEnvironment, testEnvironment } from './save-environment.ts'
import type { Confirmation } from './save-schema.ts'
import type { EnvironmentInput } from './schema.ts'
import { openSecret } from './stored-secret.ts'
import { viewEnvironment } from './view-environment.ts'

const nothingOffered = { keys: [], roles: [] }

let sandbox: TestSandbox
let here: TestConsole
let key: string
beforeAll(async () => {
  sandbox = await openTestSandbox()
  const { accessKeyId, secretAccessKey } = sandbox.administrator
  here = await openTestConsole({ endpoint: sandbox.sandbox.endpoint, credentials: { accessKeyId, secretAccessKey } })
  key = keyArn(sandbox.info, 'backups')
})
afterAll(async () => {
  await here.close()
  await sandbox.close()
})
afterEach(() => sandbox.control('DELETE', 'faults'))

const confirmed: SaveOptions = { confirm: async () => 'confirmed' }
const save = (changes: Partial<EnvironmentInput>, base: number, who = actor, options = confirmed) =>
  saveEnvironment(here.context, settings({ masterKey: key, ...changes }), base, who, options)
const revision = (number: number) =>
  here.db.environmentRevision.findUniqueOrThrow({
    where: { environmentId_number: { environmentId: here.environment, number } },
  })
const audit = () => here.db.auditEvent.findMany({ orderBy: { id: 'asc' }, where: { action: 'environment.save' } })
const lastAudit = async () => (await audit()).at(-1)
const counts = async () => [await here.db.environmentRevision.count(), (await audit()).length]
const own = (changes: Partial<EnvironmentInput> = {}): Partial<EnvironmentInput> => ({
  hosted: false,
  bucket: 'vault-hosted-us-east-1',
  credentials: 'access-key',
  accessKeyId: sandbox.administrator.accessKeyId,
  secretAccessKey: sandbox.administrator.secretAccessKey,
  ...changes,
})

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
  const other = keyArn(sandbox.info, 'archive')
  expect(await save({ masterKey: 'alias/archive' }, 1)).toMatchObject({ status: 'success', revision: 2 })
  expect((await lastAudit())?.changes).toEqual({ masterKey: [key, 'alias/archive'], keyArn: [key, other] })
})

test('a failed check keeps nothing but an audit row, and is shown at the field that mends it', async () => {
  const [revisions] = await counts()
  const refused: [Partial<EnvironmentInput>, string, RegExp][] = [
    [{ masterKey: keyArn(sandbox.info, 'retired') }, 'masterKey', /The key is disabled/],
    [{ masterKey: keyArn(sandbox.info, 'write-only') }, 'masterKey', /Decrypt was refused by the key policy/],
    [own({ bucket: 'there-is-none' }), 'bucket', /There is no such bucket/],
    [own({ secretAccessKey: 'x'.repeat(40) }), 'accessKeyId', /The secret access key is wrong/],
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
  await sandbox.control('PUT', 'faults', [{ service: 'kms', operation: '*', effect: 'Outage' }])
  expect(await save({}, 2)).toMatchObject({ status: 'error', fieldErrors: {} })
  expect((await counts())[0]).toBe(revisions)
})

test('unencrypted needs a word typed, and asks nothing of KMS', async () => {
  await sandbox.control('DELETE', 'requests')
  const open = { encrypt: false, masterKey: '' }
  const before = await counts()
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
  expect(await counts()).toEqual(before)
  expect(await given({ password: 'right', word: ' Unencrypted'.trim() })).toMatchObject({
    status: 'success',
    revision: 3,
  })
  expect(await revision(3)).toMatchObject({ method: 'none', masterKey: null, keyArn: null, furtherKeys: [] })
  expect((await sandbox.control('GET', 'requests')).counts.kms).toBeUndefined()
  // It is off already: the word is not asked for again.
  expect(await save({ ...open, label: 'again' }, 3, actor, {})).toMatchObject({ status: 'success', revision: 4 })
})

test('a save based on an older revision is refused, names who changed it, and asks nothing of AWS', async () => {
  expect(await save({}, 4, 'other@example.test')).toMatchObject({ status: 'success', revision: 5 })
  await sandbox.control('DELETE', 'requests')
  const before = await counts()
  const result = await save({}, 4)
  expect(result).toMatchObject({
    status: 'error',
    message: expect.stringMatching(
      /^other@example\.test saved revision 5 at \d{4}-\d\d-\d\dT.* while you were editing revision 4\./,
    ),
  })
  expect(await save({}, 99)).toMatchObject({ status: 'error' })
  expect(await counts()).toEqual(before)
  expect((await sandbox.control('GET', 'requests')).counts).toEqual({})
})

test('two administrators save at once, 200 times: each save is a revision, or a refusal that names whose came first', async () => {
  const people = ['first@example.test', 'second@example.test']
  const [revisionsBefore = 0] = await counts()
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
  const written = (await audit()).slice(auditBefore)
  expect(written.map(({ subject, actor }) => ({ subject, actor }))).toEqual(
    rows.slice(revisionsBefore).map(({ number, createdBy }) => ({
      subject: `Backup Environment, revision ${number}`,
      actor: createdBy,
    })),
  )
}, 240_000)

test('a secret is sealed, kept, replaced, and never tried with another access key ID', async () => {
  const { accessKeyId, secretAccessKey } = sandbox.administrator
  let base = await here.newest()
  const open = async (number: number) => openSecret(here.context, here.environment, await revision(number))
  const stored = await save(own(), base)
  expect(stored).toMatchObject({ status: 'success' })
  base += 1
  expect(await open(base)).toEqual({ secretAccessKey })
  expect(await viewEnvironment(here.context, nothingOffered)).toMatchObject({
    hasSecretAccessKey: true,
    values: { accessKeyId, secretAccessKey: '', sessionToken: '' },
  })

  // Left empty: kept, and used.
  expect(await save(own({ secretAccessKey: '', label: 'kept' }), base)).toMatchObject({ status: 'success' })
  base += 1
  const { secretId } = await revision(base - 1)
  expect(secretId).toEqual(expect.any(String))
  expect(await revision(base)).toMatchObject({ secretId, sealedSecret: null })
  expect((await lastAudit())?.changes).toEqual({
    label: ['', 'kept'],
  })

  // Another access key ID without its secret: nothing is sent anywhere.
  await sandbox.control('DELETE', 'requests')
  const other = await sandbox.user('second-key', {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
  })
  expect(await save(own({ accessKeyId: other.accessKeyId, secretAccessKey: '' }), base)).toMatchObject({
    status: 'error',
    fieldErrors: { secretAccessKey: expect.any(String) },
  })
  expect((await sandbox.control('GET', 'requests')).counts).toEqual({})

  // Replaced, together with its ID.
  const { accessKeyId: newId, secretAccessKey: newSecret } = other
  expect(await save(own({ accessKeyId: newId, secretAccessKey: newSecret, label: 'kept' }), base)).toMatchObject({
    status: 'success',
  })
  base += 1
  expect(await open(base)).toEqual({ secretAccessKey: newSecret })
  expect((await lastAudit())?.changes).toEqual({
    accessKeyId: [accessKeyId, newId],
    secretAccessKey: ['stored', 'replaced'],
  })
  const row = await revision(base)
  const environment = { id: here.environment, externalId: 'unused' }
  expect(accessOf(here.context, environment, row, await open(base)).credentials).toEqual({
    accessKeyId: newId,
    secretAccessKey: newSecret,
  })

  // Hosted again: the secret is not carried along.
  expect(await save({}, base)).toMatchObject({ status: 'success' })
  expect(await revision(base + 1)).toMatchObject({ accessKeyId: null, secretId: null })
  expect(await save(own({ secretAccessKey: '' }), base + 1)).toMatchObject({
    fieldErrors: { secretAccessKey: expect.any(String) },
  })

  for (const secret of [secretAccessKey, newSecret]) expect(await tablesThatHold(secret)).toEqual([])
  expect(await tablesThatHold(newId)).toContain('environment_revision')
})

/** Every table, of the console and of the queue, in which a text stands in any column, as text or as bytes. */
async function tablesThatHold(text: string): Promise<string[]> {
  const tables = await here.db.$queryRaw<{ name: string }[]>`
    SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) AS name FROM information_schema.tables
    WHERE table_schema IN ('public', 'pgboss') AND table_type = 'BASE TABLE'`
  const found: string[] = []
  for (const { name } of tables) {
    const [row] = await here.db.$queryRawUnsafe<{ hits: number }[]>(
      `SELECT count(*)::int AS hits FROM ${name} AS t WHERE position($1 IN row_to_json(t)::text) > 0 OR position($2 IN row_to_json(t)::text) > 0`,
      text,
      Buffer.from(text).toString('hex'),
    )
    if (row?.hits) found.push(name.replace('public.', ''))
  }
  return found
}

test('a sealed secret that was moved or damaged is not opened, and that is audited', async () => {
  const base = await here.newest()
  await save(own(), base)
  const row = await revision(base + 1)
  const value = await here.db.sealedValue.findFirstOrThrow({ where: { row: row.secretId ?? '' } })
  const damaged = Uint8Array.from(value.ciphertext)
  damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1
  const other = randomUUID()
  await here.db.sealedValue.create({ data: { ...value, row: other } })
  await here.db.sealedValue.update({
    where: { place_row: { place: value.place, row: value.row } },
    data: { ciphertext: damaged },
  })
  for (const secretId of [value.row, other])
    await expect(openSecret(here.context, here.environment, { ...row, secretId })).rejects.toMatchObject({
      code: 'integrity',
      message: expect.stringContaining(secretId),
    })
  const refused = await here.db.auditEvent.findMany({ where: { action: 'seal.refused' }, orderBy: { id: 'asc' } })
  expect(refused.map(({ subject, outcome }) => [subject, outcome])).toEqual(
    [value.row, other].map((id) => [`environment.secret of ${id}`, 'refused']),
  )
  await here.db.sealedValue.deleteMany({ where: { row: { in: [value.row, other] } } })
  expect(await openSecret(here.context, here.environment, { ...row, secretId: null })).toBeUndefined()
})

test('a secret from before sealed values still opens, is kept, and holds its root key', async () => {
  const base = await here.newest()
  const { accessKeyId, secretAccessKey } = sandbox.administrator
  const context = {
    installation: here.context.installation,
    environment: here.environment,
    purpose: 'environment_revision.sealedSecret',
  }
  const wrapped = await here.context.seal.wrap(Buffer.from(JSON.stringify({ secretAccessKey })), context)
  const older = { sealedSecret: Uint8Array.from(wrapped.ciphertext), sealedUnder: wrapped.keyId }
  const like = await revision(base)
  await here.db.environmentRevision.create({
    data: {
      ...like,
      hosted: false,
      bucket: 'vault-hosted-us-east-1',
      credentials: 'access-key',
      accessKeyId,
      report: { ok: true, keyArn: key, region: 'us-east-1', durationMs: 0, checks: [] },
      furtherKeys: [],
      number: base + 1,
      secretId: null,
      ...older,
    },
  })
  expect(await viewEnvironment(here.context, nothingOffered)).toMatchObject({ hasSecretAccessKey: true })
  const label = 'from before'
  expect(await save(own({ secretAccessKey: '', label }), base + 1)).toMatchObject({ status: 'success' })
  const kept = await revision(base + 2)
  expect(kept).toMatchObject({ secretId: null, ...older, label })
  expect((await lastAudit())?.changes).not.toHaveProperty('secretAccessKey')
  expect(await openSecret(here.context, here.environment, kept)).toEqual({ secretAccessKey })
  const counted = await here.db.sealedValue.count({ where: { rootKeyId: wrapped.keyId } })
  expect(await countValues(here.db, wrapped.keyId)).toBe(counted + 2)
  await expect(openSecret(here.context, 'another environment', { secretId: null, ...older })).rejects.toMatchObject({
    code: 'integrity',
  })
})

test('without its audit row a revision is not written', async () => {
  await here.db.$executeRaw`ALTER TABLE audit_event ADD CONSTRAINT nobody CHECK (actor <> 'unaudited@example.test')`
  const base = await here.newest()
  const before = await counts()
  await expect(save({}, base, 'unaudited@example.test')).rejects.toThrow()
  expect(await counts()).toEqual(before)
  expect(await save({}, base)).toMatchObject({ status: 'success', revision: base + 1 })
})

test('a test of a key keeps nothing but its audit row', async () => {
  const before = await counts()
  const good = await testEnvironment(here.context, settings({ masterKey: key }), actor)
  expect(good).toMatchObject({ status: 'success', report: { ok: true } })
  const bad = await testEnvironment(here.context, settings({ masterKey: keyArn(sandbox.info, 'retired') }), actor)
  expect(bad).toMatchObject({ status: 'success', report: { ok: false } })
  expect(await counts()).toEqual(before)
  const rows = await here.db.auditEvent.findMany({ where: { action: 'key.check' }, orderBy: { id: 'asc' } })
  expect(rows).toMatchObject([
    { actor, outcome: 'success', subject: key },
    { actor, outcome: 'failed', subject: keyArn(sandbox.info, 'retired') },
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
