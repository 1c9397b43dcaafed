import { randomUUID } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import { countValues } from '#lib/seal/seal-status.ts'
import { accessOf } from './access.ts'
import { savingConsole } from './saving-console-for-tests.ts'
import type { EnvironmentInput } from './schema.ts'
import { openSecret } from './stored-secret.ts'
import { viewEnvironment } from './view-environment.ts'

const nothingOffered = { keys: [], roles: [] }

const here = savingConsole()
const { lastAudit, own, revision } = here
const save = (changes: Partial<EnvironmentInput>, base: number) => here.saveOn(base, changes)

/** No secret that could be kept. */
beforeEach(async () => void (await save({}, await here.newest())))

test('a secret is sealed, kept, replaced, and never tried with another access key ID', async () => {
  const { accessKeyId, secretAccessKey } = here.sandbox.administrator
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
  await here.sandbox.control('DELETE', 'requests')
  const other = await here.sandbox.user('second-key', {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
  })
  expect(await save(own({ accessKeyId: other.accessKeyId, secretAccessKey: '' }), base)).toMatchObject({
    status: 'error',
    fieldErrors: { secretAccessKey: expect.any(String) },
  })
  expect(await here.counts()).toEqual({})

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
  const subjects = [value.row, other].map((id) => `environment.secret of ${id}`)
  const where = { action: 'seal.refused', subject: { in: subjects } }
  const refused = await here.db.auditEvent.findMany({ where, orderBy: { id: 'asc' } })
  expect(refused.map(({ subject, outcome }) => [subject, outcome])).toEqual(subjects.map((one) => [one, 'refused']))
  await here.db.sealedValue.deleteMany({ where: { row: { in: [value.row, other] } } })
  expect(await openSecret(here.context, here.environment, { ...row, secretId: null })).toBeUndefined()
})

test('a secret from before sealed values still opens, is kept, and holds its root key', async () => {
  const base = await here.newest()
  const { accessKeyId, secretAccessKey } = here.sandbox.administrator
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
      report: { ok: true, keyArn: here.key('backups'), region: 'us-east-1', durationMs: 0, checks: [] },
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
