import { CreateKeyCommand, DisableKeyCommand, EnableKeyCommand, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { mailOf } from '#lib/alerts/message-text.ts'
import type { AlertMessage } from '#lib/alerts/schema.ts'
import { policyOf } from '#lib/aws/fixes/policy.ts'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { openTestConsole, type TestConsole } from '#lib/backup/console-for-tests.ts'
import { askKey } from '#lib/key-holdings/ask-key.ts'
import { viewKeyCalls } from '#lib/kms-calls/view-calls.ts'
import { openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { exchangeSeal } from '#lib/seal/exchange-seal.ts'
import { openLocalSeal } from '#lib/seal/local-seal.ts'
import type { SealHost } from '#lib/seal/open-seal.ts'
import type { Seal } from '#lib/seal/seal.ts'
import { putSealed } from '#lib/seal/sealed-values.ts'
import { type Unsealed, unseal } from '#lib/seal/unseal.ts'
import { listCountdowns } from './list-countdowns.ts'
import { healthOf } from './view-health.ts'
import { followKeys, tryKeyNow, watchKeys } from './watch-keys.ts'

const times = { everyMs: 900_000, unhealthyEveryMs: 60_000 }
const sealTimes = { everyMs: 600_000, unhealthyEveryMs: 60_000 }
const minute = 60_000
let sandbox: TestSandbox
let here: TestConsole
/** The key that the seal names, and who the seal is at KMS: nobody else may use that key. */
let arn: string
let host: SealHost
let opened: Unsealed
let context: BackupContext
let time: number
const now = () => new Date(time)
const options = { now, random: () => 0.5 }

beforeAll(async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  sandbox = await openTestSandbox()
  const credentials = await sandbox.user('backups', policyOf(allowing('kms:ListAliases')))
  here = await openTestConsole({ endpoint: sandbox.sandbox.endpoint, credentials })
})
afterAll(async () => {
  vi.restoreAllMocks()
  await here.close()
  await sandbox.close()
})
beforeEach(async () => {
  arn = await newKey()
  const policy = policyOf(allowing('kms:DescribeKey', 'kms:Encrypt', 'kms:Decrypt'))
  const credentials = await sandbox.user(`seal-${arn.slice(-12)}`, policy)
  const counted = { onKmsCall: here.context.kmsTally.of('seal') }
  host = {
    dataDir: here.context.dataDir,
    configFile: undefined,
    variables: { VAULT_SEAL_TYPE: 'awskms', VAULT_AWSKMS_SEAL_KEY_ID: arn, AWS_REGION: 'us-east-1' },
    own: { endpoint: sandbox.sandbox.endpoint, credentials, ...counted },
  }
  await here.db.sealedValue.deleteMany()
  await here.db.rootKey.deleteMany()
  await here.db.backup.deleteMany()
  await saveUnder(null)
  await here.db.kmsCalls.deleteMany()
  await here.db.keyHealth.deleteMany()
  opened = await unseal({ db: here.db, installation: here.context.installation }, host)
  context = withKeysOf(opened.seal)
  await putSealed(
    here.db,
    { installation: here.context.installation, seal: opened.keyring },
    { place: 'test', row: '1' },
    Buffer.from('secret'),
  )
  time = Date.now()
  await followKeys(context, now())
  await watchKeys(context, times, options)
  await here.context.kmsTally.flush()
  await sandbox.control('DELETE', 'requests')
})
afterEach(async () => {
  opened.seal.close()
  await sandbox.control('DELETE', 'faults')
})

const allowing = (...actions: string[]) => ({ Sid: 'Test', Effect: 'Allow' as const, Action: actions, Resource: '*' })
const newKey = async () => (await sandbox.kms().send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? ''
function withKeysOf(seal: Seal): BackupContext {
  return { ...here.context, sealKeys: seal.keys && { ...seal.keys, times: sealTimes } }
}
const health = async (of = arn) => (await healthOf(here.db, [of], now())).get(of)
async function pass(minutes: number): Promise<void> {
  for (let count = 0; count < minutes; count += 1) {
    time += minute
    await watchKeys(context, times, options)
  }
}
async function asked(): Promise<Record<string, number>> {
  const { counts } = await sandbox.control('GET', 'requests')
  return counts.kms ?? {}
}
/** A revision of the environment that wraps new backups under the key, or under none of KMS. */
async function saveUnder(keyArn: string | null): Promise<void> {
  const { id: environmentId } = await here.db.environment.findFirstOrThrow()
  const number = (await here.newest()) + 1
  await here.db.environmentRevision.create({
    data: {
      ...{
        environmentId,
        number,
        storageType: 's3',
        region: 'us-east-1',
        method: keyArn ? 'AWS-KMS' : 'AES-256',
        masterKey: keyArn,
        keyArn,
      },
      ...{ hosted: true, label: '', bucket: '', prefix: '', credentials: 'default', report: {}, createdBy: 'test' },
    },
  })
}

test('it is tried as the seal, as often as the seal says, and counted as the seal’s', async () => {
  expect(await health()).toMatchObject({ state: 'healthy', checkedAt: expect.any(String) })
  await pass(9)
  expect(await asked()).toEqual({})
  await pass(1)
  expect(await asked()).toEqual({ DescribeKey: 1, Encrypt: 1, Decrypt: 1 })
  await here.context.kmsTally.flush()
  // With what opening the seal took: finding and trying it, making and opening the root key.
  expect((await viewKeyCalls(context, arn)).byPurpose).toMatchObject([
    { purpose: 'seal', describe: 3, encrypt: 4, decrypt: 4, total: 11 },
  ])
})

test('disabled: one event, one audit row, one alert, which say what hangs on it; then all is well', async () => {
  await here.db.backup.create({ data: aes256((await here.db.rootKey.findFirstOrThrow()).id, 7n) })
  await here.db.alertSettings.create({ data: { webhook: { origin: 'http://x' }, publicUrl: '', updatedBy: 'test' } })
  await here.db.alertDelivery.deleteMany()
  await sandbox.kms().send(new DisableKeyCommand({ KeyId: arn }))
  await pass(12)
  expect(await health()).toMatchObject({
    state: 'disabled',
    diagnosis: { who: 'key', detail: expect.stringContaining('as the key of this console’s seal') },
  })
  await sandbox.kms().send(new EnableKeyCommand({ KeyId: arn }))
  await pass(5)
  expect(await health()).toMatchObject({ state: 'healthy', diagnosis: null })
  const seal = { secrets: 1, backups: 1 }
  expect(await here.db.keyEvent.findMany({ where: { arn }, orderBy: { id: 'asc' } })).toMatchObject([
    { from: 'healthy', to: 'disabled', dependents: { onlyWayIn: 1, onlyWayInBytes: 7, inUse: false, seal } },
    { from: 'disabled', to: 'healthy' },
  ])
  expect(await here.db.auditEvent.count({ where: { action: 'key.state', subject: arn } })).toBe(2)
  expect(await here.db.alert.findMany({ where: { subject: arn } })).toMatchObject([
    { state: 'disabled', openFor: null },
  ])
  const told = await here.db.alertDelivery.findMany({ orderBy: { id: 'asc' } })
  const messages = told.map(({ message }): AlertMessage => JSON.parse(JSON.stringify(message)))
  expect(messages.map(({ kind }) => kind)).toEqual(['opened', 'closed'])
  expect(messages[0] && mailOf(messages[0], '').text).toContain(
    'the seal of this console: 1 secret and 1 backup of method AES-256, and after its next start it stays sealed',
  )
  await here.db.alertSettings.deleteMany()
})

test('pending deletion counts down, for the secrets alone already, until another key opens them', async () => {
  await sandbox.kms().send(new ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: 7 }))
  await pass(12)
  expect(await listCountdowns(here.db, now())).toMatchObject([
    { arn, daysLeft: 7, dependents: { backups: 0, onlyWayIn: 0, inUse: false, seal: { secrets: 1, backups: 0 } } },
  ])
})

test('another key for the seal: the old one is watched as long as a root key needs it', async () => {
  const next = await newKey()
  const moved = { ...host, variables: { ...host.variables, VAULT_AWSKMS_SEAL_KEY_ID: next } }
  const again = await unseal({ db: here.db, installation: here.context.installation }, moved)
  context = withKeysOf(again.seal)
  await followKeys(context, now())
  await pass(12)
  expect(await health()).toMatchObject({ state: 'healthy', checkedAt: expect.any(String) })
  expect(await health(next)).toMatchObject({ state: 'healthy', checkedAt: expect.any(String) })
  await exchangeSeal({ db: here.db, installation: here.context.installation }, again.seal, again.seal)
  await followKeys(context, now())
  expect(await health()).toBeUndefined()
  expect(await health(next)).toMatchObject({ state: 'healthy' })
  again.seal.close()
})

test('what an unfinished migration left is not watched by the seal that is in force', async () => {
  const file = openLocalSeal(here.context.dataDir, true)
  const { db, installation } = here.context
  // Every root key has both wraps when it ends.
  await expect(
    exchangeSeal({ db, installation }, opened.seal, file, () => {
      throw new Error('killed')
    }),
  ).rejects.toThrow('killed')
  expect((await db.rootKeyWrap.findMany()).map(({ mechanism }) => mechanism).sort()).toEqual(['awskms', 'local'])
  await followKeys(withKeysOf(file), now())
  expect(await health()).toBeUndefined()
  await followKeys(context, now())
  expect(await health()).toBeDefined()
})

test('of backups too: tried as each of them, the worst counts, and real use spares the one that it proves', async () => {
  await saveUnder(arn)
  expect(await tryKeyNow(context, arn, times, options)).toBe('healthy')
  expect(await asked()).toEqual({ DescribeKey: 2, Encrypt: 2, Decrypt: 1 })
  // The backups' own user may not.
  expect((await here.db.keyHealth.findUniqueOrThrow({ where: { arn } })).recent).toBe('gr')
  await pass(4)
  expect(await health()).toMatchObject({ state: 'refused', diagnosis: { who: 'IAM policy' } })
  expect((await health())?.diagnosis?.detail).not.toContain('seal')
  await here.db.keyHealth.updateMany({
    data: { state: 'healthy', recent: 'g', encryptProvenAt: now(), decryptProvenAt: now(), nextCheckAt: now() },
  })
  await sandbox.control('DELETE', 'requests')
  await watchKeys(context, times, options)
  expect(await asked()).toEqual({ DescribeKey: 1, Encrypt: 1, Decrypt: 1 })
  expect((await here.db.keyHealth.findUniqueOrThrow({ where: { arn } })).recent).toBe('gg')
})

test('neither is asked with the other’s credentials, on the key’s page either', async () => {
  const ofBackups = await newKey()
  await saveUnder(ofBackups)
  // The backups' user may nothing, the seal's may use every key.
  const answers = async (keyArn: string) => {
    await sandbox.control('DELETE', 'requests')
    await tryKeyNow(context, keyArn, times, options)
    await askKey(context, keyArn, [])
    const { recent } = await sandbox.control('GET', 'requests')
    const described: { operation: string; status: number }[] = recent
    return described.filter(({ operation }) => operation === 'DescribeKey').map(({ status }) => status)
  }
  expect(await answers(arn)).toEqual([200, 200])
  expect(await answers(ofBackups)).toEqual([400, 400])
})

function aes256(rootKey: string, bytes: bigint) {
  return {
    ...{ environment: { connect: { id: here.environment } }, revision: 1, name: 'a', source: '/a', createdBy: 'test' },
    ...{ state: 'complete' as const, region: 'us-east-1', bucket: 'b', prefix: '', method: 'AES-256' },
    ...{ keyIds: [rootKey], bytes },
  }
}
