import {
  CancelKeyDeletionCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { policyOf } from '#lib/aws/fixes/policy.ts'
import { actor } from '#lib/backup/console-for-tests.ts'
import { keyStatements } from '#lib/keys/key-policies.ts'
import { probeKey } from './probe-key.ts'
import { reachKey } from './reach-key.ts'
import type { KeyState } from './schema.ts'
import { followKeys, tryKeyNow, watchKeys } from './watch-keys.ts'
import { long, minute, times, watchedKey } from './watched-key-for-tests.ts'

const here = watchedKey()
const { asked, events, failKms, health, newKey, now, options, pass, watched } = here
const alerts = () => here.db.alert.findMany({ where: { subject: watched.arn }, orderBy: { id: 'asc' } })

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
      () => failKms({ effect: 'Throttle', operation: 'Decrypt' }),
      () => here.sandbox.control('DELETE', 'faults'),
      'wait',
    ],
    [
      'unreachable',
      'an outage',
      () => failKms({ effect: 'Outage' }),
      () => here.sandbox.control('DELETE', 'faults'),
      'wait',
    ],
    [
      'refused',
      'a policy',
      () => failKms({ effect: 'AccessDenied', operation: 'Decrypt' }),
      () => here.sandbox.control('DELETE', 'faults'),
      'IAM policy',
    ],
    [
      'disabled',
      'disabled',
      () => here.sandbox.kms().send(new DisableKeyCommand({ KeyId: watched.arn })),
      () => here.sandbox.kms().send(new EnableKeyCommand({ KeyId: watched.arn })),
      'key',
    ],
    [
      'disabled',
      'without its key store',
      () => here.sandbox.control('PUT', 'key-state', { keyArn: watched.arn, state: 'Unavailable' }),
      () => here.sandbox.control('PUT', 'key-state', { keyArn: watched.arn, state: 'Enabled' }),
      'key',
    ],
    [
      'pending deletion',
      'scheduled',
      () => here.sandbox.kms().send(new ScheduleKeyDeletionCommand({ KeyId: watched.arn, PendingWindowInDays: 7 })),
      async () => {
        await here.sandbox.kms().send(new CancelKeyDeletionCommand({ KeyId: watched.arn }))
        await here.sandbox.kms().send(new EnableKeyCommand({ KeyId: watched.arn }))
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
    const audit = await here.db.auditEvent.findMany({ where: { action: 'key.state', subject: watched.arn } })
    expect(audit).toHaveLength(2)
  })

  test('deleted, when its time has come', async () => {
    await here.sandbox.kms().send(new ScheduleKeyDeletionCommand({ KeyId: watched.arn, PendingWindowInDays: 7 }))
    await pass(long)
    expect(await health()).toMatchObject({ state: 'pending deletion', daysLeft: 7 })
    await here.sandbox.control('PUT', 'clock', { advanceSeconds: 8 * 86_400 })
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
  await failKms({ effect: 'Latency', latencyMs: 60, operation: 'Decrypt' })
  const key = await reachKey(here.context, watched.arn)
  const probe = await probeKey(key.kms, { ...key, arn: watched.arn, slowMs: 50 })
  key.close()
  expect(probe).toMatchObject({ found: 'd', diagnosis: { title: 'KMS answers slowly' } })
})

test('what fails in a key store outside of AWS is not KMS’s word on the key: late is no refusal, and a refusal must stay', async () => {
  const key = await reachKey(here.context, watched.arn)
  const said = (message: string) => () =>
    Promise.reject(
      Object.assign(new Error(message), { name: 'KMSInvalidStateException', $metadata: { httpStatusCode: 400 } }),
    )
  const found = async (message: string) =>
    (await probeKey({ ...key.kms, encrypt: said(message) }, { ...key, arn: watched.arn })).found
  expect(await found('The external key store proxy did not respond to the request in the time allotted.')).toBe('u')
  expect(await found('The external key store proxy denied access to the operation.')).toBe('r')
  expect(await found(`${watched.arn} is unavailable.`)).toBe('o')
  key.close()
})

test('a key that KMS describes and nobody can use is in an outage; one that can be used half of the way is degraded', async () => {
  await failKms({ effect: 'Outage', operation: 'Encrypt' })
  await pass(long)
  expect(await health()).toMatchObject({ state: 'unreachable' })
  expect(await alerts()).toMatchObject([{ state: 'unreachable', title: expect.stringContaining('cannot be reached') }])
  await failKms({ effect: 'Outage', operation: 'Decrypt' })
  await pass(3)
  expect(await health()).toMatchObject({ state: 'degraded' })
})

test('KMS of another Region does not say that a key is deleted', async () => {
  const key = await reachKey(here.context, watched.arn)
  const elsewhere = () =>
    Promise.reject(
      Object.assign(new Error('Invalid arn us-east-1'), {
        name: 'NotFoundException',
        $metadata: { httpStatusCode: 400 },
      }),
    )
  const probe = await probeKey(
    { describe: elsewhere, encrypt: elsewhere, decrypt: elsewhere },
    { ...key, arn: watched.arn },
  )
  expect(probe).toMatchObject({ found: 'r', diagnosis: { title: 'The key is in another Region' } })
  key.close()
})

test('with every other call failing, it is told once and stays so', async () => {
  await failKms({ effect: 'Outage', probability: 0.5, seed: 1 })
  await pass(60)
  const told = await events()
  expect(told.length).toBeGreaterThan(0)
  expect(told.length).toBeLessThanOrEqual(2)
  expect(await alerts()).toHaveLength(1)
})

test('an alert that is open is quiet about less, and speaks when it is worse', async () => {
  await failKms({ effect: 'Outage' })
  await pass(long)
  await failKms({ effect: 'Throttle', operation: 'Decrypt' })
  await pass(3)
  expect(await health()).toMatchObject({ state: 'degraded' })
  await failKms({ effect: 'Outage' })
  await pass(3)
  expect((await events()).map(({ to }) => to)).toEqual(['unreachable', 'degraded', 'unreachable'])
  expect(await alerts()).toMatchObject([{ state: 'unreachable', closedAt: null }])
  await here.sandbox.control('DELETE', 'faults')
  await here.sandbox.kms().send(new DisableKeyCommand({ KeyId: watched.arn }))
  await pass(1)
  expect(await alerts()).toMatchObject([{ state: 'disabled', closedAt: null }])
})

test('a deletion that comes near is told again, as is one that was cancelled in between', async () => {
  await here.db.alertSettings.create({ data: { webhook: { origin: 'http://x' }, publicUrl: '', updatedBy: actor } })
  await here.db.alertDelivery.deleteMany()
  const told = async () => {
    const rows = await here.db.alertDelivery.findMany({ orderBy: { id: 'asc' } })
    return rows.map(({ message }) => String(Object(message).title).replace(/^Key \S+ \(.*?\) /, ''))
  }
  const schedule = () =>
    here.sandbox.kms().send(new ScheduleKeyDeletionCommand({ KeyId: watched.arn, PendingWindowInDays: 10 }))
  await schedule()
  await pass(long)
  await here.sandbox.kms().send(new CancelKeyDeletionCommand({ KeyId: watched.arn }))
  await pass(2)
  expect(await alerts()).toMatchObject([{ state: 'disabled', title: expect.stringContaining('is disabled') }])
  await schedule()
  await pass(1)
  for (let day = 0; day < 10; day += 1) {
    watched.time += 86_400_000
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
  const policy = policyOf(...keyStatements({ installation, environment: here.environment }, { resource: watched.arn }))
  const credentials = await here.sandbox.user('watcher', policy)
  const context = { ...here.context, own: { ...here.context.own, credentials } }
  expect(await tryKeyNow(context, watched.arn, times, options)).toBe('healthy')
  const { recent } = await here.db.keyHealth.findUniqueOrThrow({ where: { arn: watched.arn } })
  expect(recent).toBe('gg')
  // Bound to another environment it is refused: the condition is looked at.
  const other = policyOf(...keyStatements({ installation, environment: installation }, { resource: watched.arn }))
  const refused = await here.sandbox.user('other-watcher', other)
  await tryKeyNow({ ...context, own: { ...context.own, credentials: refused } }, watched.arn, times, options)
  expect((await here.db.keyHealth.findUniqueOrThrow({ where: { arn: watched.arn } })).recent).toBe('ggr')
})

test('of several workers exactly one looks', async () => {
  watched.time += 20 * minute
  const looked = await Promise.all(Array.from({ length: 8 }, () => watchKeys(here.context, times, options)))
  expect(looked.reduce((sum, one) => sum + one)).toBe(1)
  expect(await asked()).toEqual({ DescribeKey: 1, Encrypt: 1, Decrypt: 1 })
})

test('a worker that died in the middle leaves the key to another', async () => {
  watched.time += 20 * minute
  await here.db.$executeRaw`UPDATE key_health SET "nextCheckAt" = ${new Date(watched.time + 2 * minute)}`
  await pass(3)
  expect(await asked()).toEqual({ DescribeKey: 1, Encrypt: 1, Decrypt: 1 })
})

test('a key that nothing depends on is watched no more, and its alert ends', async () => {
  await here.sandbox.kms().send(new DisableKeyCommand({ KeyId: watched.arn }))
  await pass(long)
  const other = await newKey()
  await here.save({ masterKey: other })
  await followKeys(here.context, now())
  expect(await health()).toBeUndefined()
  expect(await alerts()).toMatchObject([{ openFor: null }])
})
