import { UpdateAliasCommand } from '@aws-sdk/client-kms'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { messageOf } from '#lib/errors.ts'
import { type Credentials, keyArn, openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { exchangeSeal } from './exchange-seal.ts'
import { freshInstallation } from './fresh-installation-for-tests.ts'
import { openKeyring } from './keyring.ts'
import { openKmsSeal } from './kms-seal.ts'
import { openLocalSeal } from './local-seal.ts'
import { destroyUnused, moveValues, rotateRoot } from './move-values.ts'
import type { Seal } from './seal.ts'
import { rootKeyStatus } from './seal-status.ts'
import { getSealed, putSealed } from './sealed-values.ts'

let sandbox: TestSandbox
const here = freshInstallation()
beforeAll(async () => {
  sandbox = await openTestSandbox()
})
afterAll(() => sandbox.close())
afterEach(async () => {
  await sandbox.control('DELETE', 'faults')
})

function kmsSeal(keyId: string, region = 'us-east-1', credentials: Credentials = sandbox.administrator) {
  const { accessKeyId, secretAccessKey } = credentials
  const access = { region, credentials: { accessKeyId, secretAccessKey }, endpoint: sandbox.sandbox.endpoint }
  return openKmsSeal(here.installation, { access, keyId })
}
const arnOf = (alias: string, region?: string) => keyArn(sandbox.info, alias, region)
const place = (row: string) => ({ place: 'test.secret', row })
const wraps = async () => (await rootKeyStatus(here.db)).map(({ keyIds }) => keyIds)
async function kmsCalls(run: () => Promise<unknown>): Promise<Record<string, number>> {
  await sandbox.control('DELETE', 'requests')
  await run()
  const { counts } = await sandbox.control('GET', 'requests')
  return counts.kms ?? {}
}

test('what does not follow the key that is configured opens everything, and makes no root key under another', async () => {
  const keyring = await openKeyring(here, await kmsSeal(arnOf('backups')))
  await putSealed(here.db, { ...here, seal: keyring }, place('1'), Buffer.from('secret'))
  const elsewhere = await openKeyring(here, await kmsSeal(arnOf('archive')), { follow: false })
  expect(String(await getSealed(here.db, { ...here, seal: elsewhere }, place('1')))).toBe('secret')
  await putSealed(here.db, { ...here, seal: elsewhere }, place('2'), Buffer.from('other'))
  expect(String(await getSealed(here.db, { ...here, seal: keyring }, place('2')))).toBe('other')
  expect(await wraps()).toEqual([[arnOf('backups')]])
})

test('two consoles with different keys on one database: neither takes the other’s seal away, and it is told', async () => {
  const first = await openKeyring(here, await kmsSeal(arnOf('backups')))
  await putSealed(here.db, { ...here, seal: first }, place('1'), Buffer.from('secret'))
  const only = (alias: string) =>
    sandbox.user(`only-${alias}`, {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'kms:*', Resource: arnOf(alias) }],
    })
  // One that may not use the other's key stays sealed, and says which key that is.
  const seal = await kmsSeal(arnOf('archive'), 'us-east-1', await only('archive'))
  const refused = await openKeyring(here, seal).catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'denied', message: expect.stringContaining('Decrypt') })
  expect(messageOf(refused)).toContain(arnOf('backups'))
  expect(await wraps()).toEqual([[arnOf('backups')]])
  expect(await here.db.auditEvent.count()).toBe(0)

  // One that may has a root key of its own; the audit log names both keys.
  await openKeyring(here, await kmsSeal(arnOf('archive')))
  expect(await wraps()).toEqual([[arnOf('archive')], [arnOf('backups')]])
  const [row, ...others] = await here.db.auditEvent.findMany()
  expect(row).toMatchObject({ actor: 'console', action: 'seal.rotate-root', outcome: 'success' })
  expect(row?.subject).toMatch(new RegExp(`seal is ${arnOf('archive')}, and .* by ${arnOf('backups')}$`))
  expect(others).toEqual([])
  expect(String(await getSealed(here.db, { ...here, seal: first }, place('1')))).toBe('secret')

  // A key file is no third one.
  const local = await openKeyring(here, openLocalSeal(here.folder, true)).catch((error: unknown) => error)
  expect(messageOf(local)).toMatch(/is wrapped by arn:.* but the configured seal is the key file .* byok seal migrate/)
  expect(await wraps()).toEqual([[arnOf('archive')], [arnOf('backups')]])
})

test('opening what is there asks KMS to unwrap each root key, and to wrap none', async () => {
  await openKeyring(here, await kmsSeal(arnOf('backups')))
  for (const follow of [true, false]) {
    const seal = await kmsSeal(arnOf('backups'))
    expect(await kmsCalls(() => openKeyring(here, seal, { follow }))).toEqual({ Decrypt: 1 })
  }
  const next = await kmsSeal(arnOf('archive'))
  expect(await kmsCalls(() => openKeyring(here, next))).toEqual({ Encrypt: 1, Decrypt: 2 })
})

test('exactly kms:Encrypt, kms:Decrypt and kms:DescribeKey are enough', async () => {
  const three = await sandbox.user('seal-three', {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:DescribeKey'], Resource: arnOf('backups') },
    ],
  })
  const seal = await kmsSeal(arnOf('backups'), 'us-east-1', three)
  const keyring = await openKeyring(here, seal)
  await putSealed(here.db, { ...here, seal: keyring }, place('1'), Buffer.from('secret'))
  const again = await openKeyring(here, await kmsSeal(arnOf('backups'), 'us-east-1', three))
  expect(String(await getSealed(here.db, { ...here, seal: again }, place('1')))).toBe(String(Buffer.from('secret')))
  expect(await wraps()).toEqual([[arnOf('backups')]])
})

test.each([
  ['retired', 'The key is disabled'],
  ['old-backups', 'The key is scheduled for deletion'],
  ['write-only', 'Decrypt was refused'],
  ['not-shared', 'refused'],
])('a key that cannot be depended on is refused at activation: %s', async (alias, words) => {
  await expect(kmsSeal(arnOf(alias))).rejects.toMatchObject({ message: expect.stringContaining(words) })
  expect(await here.db.rootKey.count()).toBe(0)
})

test('a key in another Region, and what is no key, are told before anything is asked', async () => {
  const calls = await kmsCalls(async () => {
    await expect(kmsSeal(arnOf('backups', 'eu-central-1'))).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringMatching(/eu-central-1.*us-east-1/),
    })
    await expect(kmsSeal('arn:aws:s3:::bucket')).rejects.toMatchObject({ code: 'invalid' })
  })
  expect(calls).toEqual({})
})

test('when the alias moves, new values stand under the new key and old ones still open', async () => {
  const keyring = await openKeyring(here, await kmsSeal('alias/backups'))
  await putSealed(here.db, { ...here, seal: keyring }, place('old'), Buffer.from('old'))
  const [first = ''] = (await wraps()).flat()
  expect(first).toBe(arnOf('backups'))
  const move = (to: string) =>
    sandbox.kms().send(new UpdateAliasCommand({ AliasName: 'alias/backups', TargetKeyId: to.split('/').at(-1) }))
  await move(arnOf('archive'))
  try {
    const seal = await kmsSeal('alias/backups')
    const moved = await openKeyring(here, seal)
    await putSealed(here.db, { ...here, seal: moved }, place('new'), Buffer.from('new'))
    expect(await wraps()).toEqual([[arnOf('archive')], [first]])
    expect(String(await getSealed(here.db, { ...here, seal: moved }, place('old')))).toBe(String(Buffer.from('old')))
    // Rewrapped and moved, nothing needs the old key any more, shown by count.
    expect(await exchangeSeal(here, seal, seal)).toBe(1)
    expect(await moveValues({ ...here, seal: moved })).toBe(1)
    const { destroyed } = await destroyUnused(here)
    expect(destroyed).toHaveLength(1)
    expect(await rootKeyStatus(here.db)).toMatchObject([{ keyIds: [arnOf('archive')], values: 2 }])
  } finally {
    await move(first)
  }
})

const exchanges: [string, () => Promise<Seal>, () => Promise<Seal>][] = [
  ['local to awskms', async () => openLocalSeal(here.folder, true), () => kmsSeal(arnOf('backups'))],
  ['awskms to local', () => kmsSeal(arnOf('backups')), async () => openLocalSeal(here.folder, true)],
  ['one key to another', () => kmsSeal(arnOf('backups')), () => kmsSeal(arnOf('archive'))],
  [
    'one Region to another',
    () => kmsSeal(arnOf('backups')),
    () => kmsSeal(arnOf('backups', 'eu-central-1'), 'eu-central-1'),
  ],
]
test.each(exchanges)(
  '%s, ended at every step: the old seal or the new one opens everything',
  async (_, open, openNew) => {
    const [from, to] = [await open(), await openNew()]
    const keyring = await openKeyring(here, from)
    for (const row of ['a', 'b', 'c']) {
      await putSealed(here.db, { ...here, seal: keyring }, place(row), Buffer.from(row))
      await keyring.rotate()
    }
    const readable = async (seal: Seal) => {
      const opened = await openKeyring(here, seal)
      for (const row of ['a', 'b', 'c'])
        expect(Buffer.from((await getSealed(here.db, { ...here, seal: opened }, place(row))) ?? []).toString()).toBe(
          row,
        )
    }
    let steps = 0
    for (let endAt = 1; ; endAt += 1) {
      steps = 0
      const ended = new Error('ended here')
      const step = () => {
        steps += 1
        if (steps === endAt) throw ended
      }
      const dying: Seal = {
        ...to,
        wrapper: {
          async wrap(key, context) {
            step()
            return to.wrapper.wrap(key, context)
          },
          async unwrap(wrapped, context) {
            step()
            return to.wrapper.unwrap(wrapped, context)
          },
        },
      }
      const outcome = await exchangeSeal(here, from, dying, step).catch((error: unknown) => error)
      if (outcome !== ended) {
        expect(outcome).toBeTypeOf('number')
        break
      }
      await readable(from)
    }
    expect(steps).toBeGreaterThan(3)
    await readable(to)
    expect(new Set((await wraps()).flat())).toEqual(new Set([to.keyId]))
    expect(await exchangeSeal(here, to, to)).toBe(0)
    // One KMS seal opens what another of its keys wrapped, as long as its credentials may.
    if (from.mechanism !== to.mechanism)
      await expect(openKeyring(here, from)).rejects.toMatchObject({ code: 'unavailable' })
  },
)

test('a root key added meanwhile by another process is not left behind', async () => {
  const [from, to] = [openLocalSeal(here.folder, true), await kmsSeal(arnOf('backups'))]
  const keyring = await openKeyring(here, from)
  let added = false
  const exchange = exchangeSeal(here, from, to, async () => {
    if (!added) await keyring.rotate()
    added = true
  })
  await expect(exchange).rejects.toMatchObject({ code: 'conflict' })
  await openKeyring(here, from)
  await exchangeSeal(here, from, to)
  await openKeyring(here, to)
})

test('rotating the root moves the values without asking KMS for each, and keeps what backups name', async () => {
  const seal = await kmsSeal(arnOf('backups'))
  const keyring = await openKeyring(here, seal)
  const context = { ...here, seal: keyring }
  for (let row = 0; row < 300; row += 1)
    await putSealed(here.db, context, place(`${row}`), Buffer.from(`secret ${row}`))
  const calls = await kmsCalls(async () => {
    const { id, moved, destroyed, kept } = await rotateRoot(context)
    expect({ moved, destroyed: destroyed.length, kept }).toEqual({ moved: 300, destroyed: 1, kept: [] })
    expect(await rootKeyStatus(here.db)).toMatchObject([{ id, values: 300, backups: 0 }])
  })
  expect(calls).toEqual({ Encrypt: 1, Decrypt: 1 })
  const reading = await kmsCalls(() => getSealed(here.db, context, place('299')))
  expect(reading).toEqual({})

  const { id: environmentId } = await here.db.environment.findFirstOrThrow()
  const [named] = await rootKeyStatus(here.db)
  const row = {
    environmentId,
    revision: 1,
    name: 'n',
    source: '/s',
    region: 'r',
    bucket: 'b',
    prefix: '',
    createdBy: 'x',
  }
  const { id: backup } = await here.db.backup.create({
    data: { ...row, method: 'AES-256', state: 'complete', keyIds: [named?.id ?? ''] },
  })
  expect(await rotateRoot(context)).toMatchObject({ destroyed: [], kept: [{ id: named?.id, values: 0, backups: 1 }] })
  await here.db.backup.delete({ where: { id: backup } })
  expect((await destroyUnused(here)).destroyed).toEqual([named?.id])
})

test('what is saved while root keys are exchanged and destroyed is kept, or refused as a whole', async () => {
  const keyring = await openKeyring(here, await kmsSeal(arnOf('backups')))
  const context = { ...here, seal: keyring }
  await putSealed(here.db, context, place('before'), Buffer.from('before'))
  /** Its root key is chosen before, and its row is written after the rotation. */
  const slow = {
    ...keyring,
    wrap: async (...of: Parameters<typeof keyring.wrap>) => {
      const wrapped = await keyring.wrap(...of)
      expect((await rotateRoot(context)).destroyed).toHaveLength(1)
      return wrapped
    },
    within: () => slow,
  }
  const error: unknown = await putSealed(here.db, { ...here, seal: slow }, place('late'), Buffer.from('late')).catch(
    (reason: unknown) => reason,
  )
  expect(messageOf(error)).toContain('Try it again')
  expect(await getSealed(here.db, context, place('late'))).toBeUndefined()
  expect(String(await getSealed(here.db, context, place('before')))).toBe('before')

  // And all at once, whichever comes first.
  const values = Array.from({ length: 6 }, (_, index) => `at once ${index}`)
  const saved = new Set<string>()
  await Promise.all([
    ...values.map((value) =>
      here.db
        .$transaction((tx) => putSealed(tx, context, place(value), Buffer.from(value)))
        .then(() => saved.add(value))
        .catch((reason: unknown) => expect(messageOf(reason)).toContain('Try it again')),
    ),
    rotateRoot(context).catch((reason: unknown) => expect(reason).toMatchObject({ code: 'conflict' })),
  ])
  for (const value of values)
    expect(String(await getSealed(here.db, context, place(value)))).toBe(saved.has(value) ? value : 'undefined')
})
