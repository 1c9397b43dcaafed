import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import {
  CancelKeyDeletionCommand,
  CreateKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { policyOf } from '#lib/aws/fixes/policy.ts'
import { actor, openTestConsole, type TestConsole } from '#lib/backup/console-for-tests.ts'
import { runBackup } from '#lib/backup/run-backup.ts'
import { runRestore } from '#lib/backup/run-restore.ts'
import { startBackup } from '#lib/backup/start-backup.ts'
import { startRestore } from '#lib/backup/start-restore.ts'
import { keyStatements } from '#lib/keys/key-policies.ts'
import { calledFor } from '#lib/kms-calls/called-for.ts'
import { viewKeyCalls } from '#lib/kms-calls/view-calls.ts'
import { openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { listCountdowns } from './list-countdowns.ts'
import { probeKey } from './probe-key.ts'
import { reachKey } from './reach-key.ts'
import type { KeyState } from './schema.ts'
import { healthOf, viewKeyHealth } from './view-health.ts'
import { followKeys, tryKeyNow, watchKeys } from './watch-keys.ts'

const never = new AbortController().signal
const times = { everyMs: 900_000, unhealthyEveryMs: 60_000 }
const minute = 60_000
let sandbox: TestSandbox
let here: TestConsole
let arn: string
/** The watch's own time. */
let time: number
const now = () => new Date(time)
const options = { now, random: () => 0.5 }

beforeAll(async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  sandbox = await openTestSandbox()
  here = await openTestConsole({ endpoint: sandbox.sandbox.endpoint, credentials: sandbox.administrator })
})
afterAll(async () => {
  vi.restoreAllMocks()
  await here.close()
  await sandbox.close()
})
/** Each test has a key of its own, that the saved environment uses. */
beforeEach(async () => {
  const { KeyMetadata } = await sandbox.kms().send(new CreateKeyCommand({}))
  arn = KeyMetadata?.Arn ?? ''
  await here.save({ masterKey: arn })
  await here.db.backup.deleteMany()
  await here.context.kmsTally.flush()
  await here.db.keyHealth.deleteMany()
  time = Date.now()
  await followKeys(here.context, now())
  await watchKeys(here.context, times, options)
  await sandbox.control('DELETE', 'requests')
})
afterEach(async () => {
  await sandbox.control('DELETE', 'faults')
  await sandbox.control('DELETE', 'clock')
})

const health = async () => (await healthOf(here.db, [arn], now())).get(arn)
const events = () => here.db.keyEvent.findMany({ where: { arn }, orderBy: { id: 'asc' } })
const alerts = () => here.db.alert.findMany({ where: { subject: arn }, orderBy: { id: 'asc' } })
/** So many minutes, in each of which the watch looks. */
async function pass(minutes: number): Promise<void> {
  for (let count = 0; count < minutes; count += 1) {
    time += minute
    await watchKeys(here.context, times, options)
  }
}
/** A quarter of an hour until the next check is due, and a few minutes more. */
const long = 19
const fault = (fault: object) => sandbox.control('PUT', 'faults', [{ service: 'kms', operation: '*', ...fault }])
async function asked(): Promise<Record<string, number>> {
  const { counts } = await sandbox.control('GET', 'requests')
  return counts.kms ?? {}
}

describe('each state is reached, with one event and one alert', () => {
  test('healthy: nothing is told', async () => {
    await pass(long)
    expect(await health()).toMatchObject({ state: 'healthy', diagnosis: null })
    expect(await events()).toEqual([])
    expect(await alerts()).toEqual([])
    expect(await asked()).toEqual({ DescribeKey: 1, Encrypt: 1, Decrypt: 1 })
  })

  const reached: [KeyState, string, () => Promise<unknown>, () => Promise<unknown>, string][] = [
    [
      'degraded',
      'throttled',
      () => fault({ effect: 'Throttle', operation: 'Decrypt' }),
      () => sandbox.control('DELETE', 'faults'),
      'wait',
    ],
    ['unreachable', 'an outage', () => fault({ effect: 'Outage' }), () => sandbox.control('DELETE', 'faults'), 'wait'],
    [
      'refused',
      'a policy',
      () => fault({ effect: 'AccessDenied', operation: 'Decrypt' }),
      () => sandbox.control('DELETE', 'faults'),
      'IAM policy',
    ],
    [
      'disabled',
      'disabled',
      () => sandbox.kms().send(new DisableKeyCommand({ KeyId: arn })),
      () => sandbox.kms().send(new EnableKeyCommand({ KeyId: arn })),
      'key',
    ],
    [
      'disabled',
      'without its key store',
      () => sandbox.control('PUT', 'key-state', { keyArn: arn, state: 'Unavailable' }),
      () => sandbox.control('PUT', 'key-state', { keyArn: arn, state: 'Enabled' }),
      'key',
    ],
    [
      'pending deletion',
      'scheduled',
      () => sandbox.kms().send(new ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: 7 })),
      async () => {
        await sandbox.kms().send(new CancelKeyDeletionCommand({ KeyId: arn }))
        await sandbox.kms().send(new EnableKeyCommand({ KeyId: arn }))
      },
      'key',
    ],
  ]
  test.each(reached)('%s: %s', async (state, _, breakIt, mendIt, who) => {
    await breakIt()
    await pass(long)
    expect(await health()).toMatchObject({ state, diagnosis: { who } })
    await mendIt()
    await pass(5)
    expect(await health()).toMatchObject({ state: 'healthy', diagnosis: null, deletionDate: null })
    expect(await events()).toMatchObject([
      { from: 'healthy', to: state, dependents: { inUse: true, backups: 0 } },
      { from: state, to: 'healthy', diagnosis: null },
    ])
    const [alert, ...others] = await alerts()
    expect(others).toEqual([])
    expect(alert).toMatchObject({ state, openFor: null, closedAt: expect.any(Date) })
    const audit = await here.db.auditEvent.findMany({ where: { action: 'key.state', subject: arn } })
    expect(audit).toHaveLength(2)
  })

  test('deleted, when its time has come', async () => {
    await sandbox.kms().send(new ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: 7 }))
    await pass(long)
    expect(await health()).toMatchObject({ state: 'pending deletion', daysLeft: 7 })
    await sandbox.control('PUT', 'clock', { advanceSeconds: 8 * 86_400 })
    await pass(2)
    expect(await health()).toMatchObject({
      state: 'deleted',
      deletionDate: null,
      diagnosis: { title: 'KMS does not know this key any more', who: 'key' },
    })
    expect((await events()).map(({ to }) => to)).toEqual(['pending deletion', 'deleted'])
    // One alert, which got worse.
    expect(await alerts()).toMatchObject([{ state: 'deleted', closedAt: null }])
  })
})

test('slow is degraded', async () => {
  await fault({ effect: 'Latency', latencyMs: 60, operation: 'Decrypt' })
  const key = await reachKey(here.context, arn)
  const probe = await probeKey(key.kms, { ...key, arn, slowMs: 50 })
  key.close()
  expect(probe).toMatchObject({ found: 'd', diagnosis: { title: 'KMS answers slowly' } })
})

test('what fails in a key store outside of AWS is not KMS’s word on the key: late is no refusal, and a refusal must stay', async () => {
  const key = await reachKey(here.context, arn)
  const said = (message: string) => () =>
    Promise.reject(
      Object.assign(new Error(message), { name: 'KMSInvalidStateException', $metadata: { httpStatusCode: 400 } }),
    )
  const found = async (message: string) =>
    (await probeKey({ ...key.kms, encrypt: said(message) }, { ...key, arn })).found
  expect(await found('The external key store proxy did not respond to the request in the time allotted.')).toBe('u')
  expect(await found('The external key store proxy denied access to the operation.')).toBe('r')
  expect(await found(`${arn} is unavailable.`)).toBe('o')
  key.close()
})

test('a key that KMS describes and nobody can use is in an outage; one that can be used half of the way is degraded', async () => {
  await fault({ effect: 'Outage', operation: 'Encrypt' })
  await pass(long)
  expect(await health()).toMatchObject({ state: 'unreachable' })
  expect(await alerts()).toMatchObject([{ state: 'unreachable', title: expect.stringContaining('cannot be reached') }])
  await fault({ effect: 'Outage', operation: 'Decrypt' })
  await pass(3)
  expect(await health()).toMatchObject({ state: 'degraded' })
})

test('KMS of another Region does not say that a key is deleted', async () => {
  const key = await reachKey(here.context, arn)
  const elsewhere = () =>
    Promise.reject(
      Object.assign(new Error('Invalid arn us-east-1'), {
        name: 'NotFoundException',
        $metadata: { httpStatusCode: 400 },
      }),
    )
  const probe = await probeKey({ describe: elsewhere, encrypt: elsewhere, decrypt: elsewhere }, { ...key, arn })
  expect(probe).toMatchObject({ found: 'r', diagnosis: { title: 'The key is in another Region' } })
  key.close()
})

test('with every other call failing, it is told once and stays so', async () => {
  await fault({ effect: 'Outage', probability: 0.5, seed: 1 })
  await pass(60)
  const told = await events()
  expect(told.length).toBeGreaterThan(0)
  expect(told.length).toBeLessThanOrEqual(2)
  expect(await alerts()).toHaveLength(1)
})

test('an alert that is open is quiet about less, and speaks when it is worse', async () => {
  await fault({ effect: 'Outage' })
  await pass(long)
  await fault({ effect: 'Throttle', operation: 'Decrypt' })
  await pass(3)
  expect(await health()).toMatchObject({ state: 'degraded' })
  await fault({ effect: 'Outage' })
  await pass(3)
  expect((await events()).map(({ to }) => to)).toEqual(['unreachable', 'degraded', 'unreachable'])
  expect(await alerts()).toMatchObject([{ state: 'unreachable', closedAt: null }])
  await sandbox.control('DELETE', 'faults')
  await sandbox.kms().send(new DisableKeyCommand({ KeyId: arn }))
  await pass(1)
  expect(await alerts()).toMatchObject([{ state: 'disabled', closedAt: null }])
})

test('a deletion that comes near is told again, as is one that was cancelled in between', async () => {
  await here.db.alertSettings.create({ data: { webhook: { url: 'http://x' }, publicUrl: '', updatedBy: actor } })
  await here.db.alertDelivery.deleteMany()
  const told = async () => {
    const rows = await here.db.alertDelivery.findMany({ orderBy: { id: 'asc' } })
    return rows.map(({ message }) => String(Object(message).title).replace(/^Key \S+ \(.*?\) /, ''))
  }
  const schedule = () => sandbox.kms().send(new ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: 10 }))
  await schedule()
  await pass(long)
  await sandbox.kms().send(new CancelKeyDeletionCommand({ KeyId: arn }))
  await pass(2)
  expect(await alerts()).toMatchObject([{ state: 'disabled', title: expect.stringContaining('is disabled') }])
  await schedule()
  await pass(1)
  for (let day = 0; day < 10; day += 1) {
    time += 86_400_000
    await pass(2)
  }
  expect(await told()).toEqual([
    expect.stringMatching(/^is scheduled for deletion on /),
    expect.stringMatching(/^is scheduled for deletion on /),
    'will be deleted in 7 days',
    'will be deleted in 3 days',
    'will be deleted within a day',
  ])
  await here.db.alertSettings.deleteMany()
})

test('least privilege, as this console prints it, is enough', async () => {
  const { installation } = here.context
  const policy = policyOf(...keyStatements({ installation, environment: here.environment }, { resource: arn }))
  const credentials = await sandbox.user('watcher', policy)
  const context = { ...here.context, own: { ...here.context.own, credentials } }
  expect(await tryKeyNow(context, arn, times, options)).toBe('healthy')
  const { recent } = await here.db.keyHealth.findUniqueOrThrow({ where: { arn } })
  expect(recent).toBe('gg')
  // Bound to another environment it is refused: the condition is looked at.
  const other = policyOf(...keyStatements({ installation, environment: installation }, { resource: arn }))
  const refused = await sandbox.user('other-watcher', other)
  await tryKeyNow({ ...context, own: { ...context.own, credentials: refused } }, arn, times, options)
  expect((await here.db.keyHealth.findUniqueOrThrow({ where: { arn } })).recent).toBe('ggr')
})

test('of several workers exactly one looks', async () => {
  time += 20 * minute
  const looked = await Promise.all(Array.from({ length: 8 }, () => watchKeys(here.context, times, options)))
  expect(looked.reduce((sum, one) => sum + one)).toBe(1)
  expect(await asked()).toEqual({ DescribeKey: 1, Encrypt: 1, Decrypt: 1 })
})

test('a worker that died in the middle leaves the key to another', async () => {
  time += 20 * minute
  await here.db.$executeRaw`UPDATE key_health SET "nextCheckAt" = ${new Date(time + 2 * minute)}`
  await pass(3)
  expect(await asked()).toEqual({ DescribeKey: 1, Encrypt: 1, Decrypt: 1 })
})

describe('real use', () => {
  async function backUp(): Promise<string> {
    const source = path.join(here.context.sourceRoots[0] ?? '', 'source')
    mkdirSync(source, { recursive: true })
    writeFileSync(path.join(source, 'a'), 'first')
    const id = await startBackup(here.context, { source, name: '' }, 'page', actor)
    await runBackup(calledFor(here.context, 'backup'), id, never)
    return id
  }
  let restores = 0
  async function restore(backupId: string): Promise<void> {
    restores += 1
    const target = path.join(here.context.restoreRoots[0] ?? '', `restore ${restores}`)
    const id = await startRestore(here.context, { backupId, target }, 'page', actor)
    await runRestore(calledFor(here.context, 'restore'), id, never)
  }

  test('a backup alone proves half, and the check is made', async () => {
    await backUp()
    await here.context.kmsTally.flush()
    await here.db.keyHealth.updateMany({ data: { decryptProvenAt: null } })
    await sandbox.control('DELETE', 'requests')
    await pass(16)
    expect(await asked()).toEqual({ DescribeKey: 1, Encrypt: 1, Decrypt: 1 })
  })

  test('a backup and a restore prove it both ways, and no check is made until that is old', async () => {
    await restore(await backUp())
    await here.context.kmsTally.flush()
    time = Date.now()
    await here.db.keyHealth.updateMany({ data: { nextCheckAt: new Date(time + minute) } })
    await sandbox.control('DELETE', 'requests')
    await pass(14)
    expect(await asked()).toEqual({})
    expect((await viewKeyHealth(here.context, arn, now())).hours.reduce((sum, { skipped }) => sum + skipped, 0)).toBe(1)
    await pass(2)
    expect(await asked()).toEqual({ DescribeKey: 1, Encrypt: 1, Decrypt: 1 })
  })

  test('what fails makes the watch look at once', async () => {
    const id = await backUp()
    await here.context.kmsTally.flush()
    await sandbox.kms().send(new DisableKeyCommand({ KeyId: arn }))
    const next = async () => (await here.db.keyHealth.findUniqueOrThrow({ where: { arn } })).nextCheckAt
    const before = await next()
    await restore(id)
    await here.context.kmsTally.flush()
    // It was checked within the minute.
    expect(await next()).toEqual(before)
    await here.db.keyHealth.updateMany({ data: { checkedAt: new Date(Date.now() - 2 * minute) } })
    await restore(id)
    await here.context.kmsTally.flush()
    time = Date.now()
    await watchKeys(here.context, times, options)
    expect(await health()).toMatchObject({ state: 'disabled' })
    expect((await events())[0]).toMatchObject({ dependents: { backups: 1, onlyWayIn: 1, inUse: true } })
  })

  test('a look-up that is refused is no trouble', async () => {
    const before = await here.db.keyHealth.findUniqueOrThrow({ where: { arn } })
    const credentials = await sandbox.user(
      'looks-up-nothing',
      policyOf(
        ...keyStatements({ installation: here.context.installation, environment: here.environment }, { resource: arn }),
      ),
    )
    const key = await reachKey({ ...here.context, own: { ...here.context.own, credentials } }, arn, 'other')
    await expect(key.lookups.rotation(arn)).rejects.toThrow()
    key.close()
    await here.context.kmsTally.flush()
    expect(await here.db.keyHealth.findUniqueOrThrow({ where: { arn } })).toEqual(before)
  })

  test('calls are counted as the sandbox counts them, by what they were for', async () => {
    await restore(await backUp())
    await tryKeyNow(here.context, arn, times, options)
    await fault({ effect: 'Throttle', times: 1 })
    await tryKeyNow(here.context, arn, times, options)
    await here.context.kmsTally.flush()
    const rows = await here.db.kmsCalls.groupBy({ by: ['operation'], where: { arn }, _sum: { requests: true } })
    // Saving and the first check were before the sandbox began to count.
    const before = { DescribeKey: 2, Encrypt: 2, Decrypt: 3, GetKeyRotationStatus: 1, GetKeyLastUsage: 1 }
    const counted = Object.fromEntries(
      rows.map(({ operation, _sum }) => [operation, (_sum.requests ?? 0) - (Object(before)[operation] ?? 0)]),
    )
    expect(Object.fromEntries(Object.entries(counted).filter(([, count]) => count > 0))).toEqual(await asked())
    const view = await viewKeyCalls(here.context, arn)
    expect(view.byPurpose).toMatchObject([
      { purpose: 'health', describe: 4, encrypt: 3, decrypt: 3 },
      { purpose: 'backup', encrypt: 1, describe: 0 },
      { purpose: 'restore', decrypt: 1 },
      { purpose: 'check', describe: 1, encrypt: 1, decrypt: 2, other: 2 },
    ])
  })

  test('the countdown says what would be lost, and ends when all is safe', async () => {
    await backUp()
    const second = await sandbox.kms().send(new CreateKeyCommand({}))
    const other = second.KeyMetadata?.Arn ?? ''
    expect(await listCountdowns(here.db, now())).toEqual([])
    time = Date.now() + minute
    await sandbox.kms().send(new ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: 30 }))
    await tryKeyNow(here.context, arn, times, options)
    expect(await listCountdowns(here.db, now())).toMatchObject([
      {
        arn,
        daysLeft: 30,
        dependents: { backups: 1, onlyWayIn: 1, inUse: true },
        cancelCommand: expect.stringContaining(`aws kms cancel-key-deletion --region us-east-1 --key-id ${arn}`),
      },
    ])
    // Another way in, and another key for new backups: safe.
    await here.save({ masterKey: other })
    await here.db.backup.updateMany({ data: { keyIds: [arn, other] } })
    expect(await listCountdowns(here.db, now())).toEqual([])
    // But not when that other key goes as well.
    await sandbox.kms().send(new ScheduleKeyDeletionCommand({ KeyId: other, PendingWindowInDays: 7 }))
    await tryKeyNow(here.context, other, times, options)
    const both = await listCountdowns(here.db, now())
    expect(both.map((one) => one.arn)).toEqual([other, arn])
    expect(both).toMatchObject([{ dependents: { onlyWayIn: 1 } }, { dependents: { onlyWayIn: 1, inUse: false } }])
  })
})

test('a key that nothing depends on is watched no more, and its alert ends', async () => {
  await sandbox.kms().send(new DisableKeyCommand({ KeyId: arn }))
  await pass(long)
  const other = (await sandbox.kms().send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? ''
  await here.save({ masterKey: other })
  await followKeys(here.context, now())
  expect(await health()).toBeUndefined()
  expect(await alerts()).toMatchObject([{ openFor: null }])
})
