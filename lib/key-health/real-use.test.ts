import { DisableKeyCommand, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms'
import { expect, test } from 'vitest'
import { policyOf } from '#lib/aws/fixes/policy.ts'
import { actor } from '#lib/backup/console-for-tests.ts'
import { runBackup } from '#lib/backup/run-backup.ts'
import { runRestore } from '#lib/backup/run-restore.ts'
import { startRestore } from '#lib/backup/start-restore.ts'
import { keyStatements } from '#lib/keys/key-policies.ts'
import { calledFor } from '#lib/kms-calls/called-for.ts'
import { viewKeyCalls } from '#lib/kms-calls/view-calls.ts'
import { listCountdowns } from './list-countdowns.ts'
import { reachKey } from './reach-key.ts'
import { viewKeyHealth } from './view-health.ts'
import { tryKeyNow, watchKeys } from './watch-keys.ts'
import { minute, times, watchedKey } from './watched-key-for-tests.ts'

// What backups, restores and look-ups ask of a key says how it is, as the watch’s own checks do.

const never = new AbortController().signal
const here = watchedKey()
const { asked, events, failKms, health, newKey, now, options, pass, watched } = here

async function backUp(): Promise<string> {
  const id = await here.start(here.makeSmallSource())
  await runBackup(calledFor(here.context, 'backup'), id, never)
  return id
}
async function restore(backupId: string): Promise<void> {
  const id = await startRestore(here.context, { backupId, target: here.newTarget() }, 'page', actor)
  await runRestore(calledFor(here.context, 'restore'), id, never)
}

test('a backup alone proves half, and the check is made', async () => {
  await backUp()
  await here.context.kmsTally.flush()
  await here.db.keyHealth.updateMany({ data: { decryptProvenAt: null } })
  await here.sandbox.control('DELETE', 'requests')
  await pass(16)
  expect(await asked()).toEqual({ DescribeKey: 1, Encrypt: 1, Decrypt: 1 })
})

test('a backup and a restore prove it both ways, and no check is made until that is old', async () => {
  await restore(await backUp())
  await here.context.kmsTally.flush()
  watched.time = Date.now()
  await here.db.keyHealth.updateMany({ data: { nextCheckAt: new Date(watched.time + minute) } })
  await here.sandbox.control('DELETE', 'requests')
  await pass(14)
  expect(await asked()).toEqual({})
  expect(
    (await viewKeyHealth(here.context, watched.arn, now())).hours.reduce((sum, { skipped }) => sum + skipped, 0),
  ).toBe(1)
  await pass(2)
  expect(await asked()).toEqual({ DescribeKey: 1, Encrypt: 1, Decrypt: 1 })
})

test('what fails makes the watch look at once', async () => {
  const id = await backUp()
  await here.context.kmsTally.flush()
  await here.sandbox.kms().send(new DisableKeyCommand({ KeyId: watched.arn }))
  const next = async () => (await here.db.keyHealth.findUniqueOrThrow({ where: { arn: watched.arn } })).nextCheckAt
  const before = await next()
  await restore(id)
  await here.context.kmsTally.flush()
  // It was checked within the minute.
  expect(await next()).toEqual(before)
  await here.db.keyHealth.updateMany({ data: { checkedAt: new Date(Date.now() - 2 * minute) } })
  await restore(id)
  await here.context.kmsTally.flush()
  watched.time = Date.now()
  await watchKeys(here.context, times, options)
  expect(await health()).toMatchObject({ state: 'disabled' })
  expect((await events())[0]).toMatchObject({ dependents: { backups: 1, onlyWayIn: 1, inUse: true } })
})

test('a look-up that is refused is no trouble', async () => {
  const before = await here.db.keyHealth.findUniqueOrThrow({ where: { arn: watched.arn } })
  const credentials = await here.sandbox.user(
    'looks-up-nothing',
    policyOf(
      ...keyStatements(
        { installation: here.context.installation, environment: here.environment },
        { resource: watched.arn },
      ),
    ),
  )
  const key = await reachKey({ ...here.context, own: { ...here.context.own, credentials } }, watched.arn, 'other')
  await expect(key.lookups.rotation(watched.arn)).rejects.toThrow()
  key.close()
  await here.context.kmsTally.flush()
  expect(await here.db.keyHealth.findUniqueOrThrow({ where: { arn: watched.arn } })).toEqual(before)
})

test('calls are counted as the sandbox counts them, by what they were for', async () => {
  await restore(await backUp())
  await tryKeyNow(here.context, watched.arn, times, options)
  await failKms({ effect: 'Throttle', times: 1 })
  await tryKeyNow(here.context, watched.arn, times, options)
  await here.context.kmsTally.flush()
  const rows = await here.db.kmsCalls.groupBy({
    by: ['operation'],
    where: { arn: watched.arn },
    _sum: { requests: true },
  })
  // Saving and the first check were before the sandbox began to count.
  const before = { DescribeKey: 2, Encrypt: 2, Decrypt: 3, GetKeyRotationStatus: 1, GetKeyLastUsage: 1 }
  const counted = Object.fromEntries(
    rows.map(({ operation, _sum }) => [operation, (_sum.requests ?? 0) - (Object(before)[operation] ?? 0)]),
  )
  expect(Object.fromEntries(Object.entries(counted).filter(([, count]) => count > 0))).toEqual(await asked())
  const view = await viewKeyCalls(here.context, watched.arn)
  expect(view.byPurpose).toMatchObject([
    { purpose: 'health', describe: 4, encrypt: 3, decrypt: 3 },
    { purpose: 'backup', encrypt: 1, describe: 0 },
    { purpose: 'restore', decrypt: 1 },
    { purpose: 'check', describe: 1, encrypt: 1, decrypt: 2, other: 2 },
  ])
})

test('the countdown says what would be lost, and ends when all is safe', async () => {
  await backUp()
  const other = await newKey()
  expect(await listCountdowns(here.db, now())).toEqual([])
  watched.time = Date.now() + minute
  await here.sandbox.kms().send(new ScheduleKeyDeletionCommand({ KeyId: watched.arn, PendingWindowInDays: 30 }))
  await tryKeyNow(here.context, watched.arn, times, options)
  expect(await listCountdowns(here.db, now())).toMatchObject([
    {
      arn: watched.arn,
      daysLeft: 30,
      dependents: { backups: 1, onlyWayIn: 1, inUse: true },
      cancelCommand: expect.stringContaining(`aws kms cancel-key-deletion --region us-east-1 --key-id ${watched.arn}`),
    },
  ])
  // Another way in, and another key for new backups: safe.
  await here.save({ masterKey: other })
  await here.db.backup.updateMany({ data: { keyIds: [watched.arn, other] } })
  expect(await listCountdowns(here.db, now())).toEqual([])
  // But not when that other key goes as well.
  await here.sandbox.kms().send(new ScheduleKeyDeletionCommand({ KeyId: other, PendingWindowInDays: 7 }))
  await tryKeyNow(here.context, other, times, options)
  const both = await listCountdowns(here.db, now())
  expect(both.map((one) => one.arn)).toEqual([other, watched.arn])
  expect(both).toMatchObject([{ dependents: { onlyWayIn: 1 } }, { dependents: { onlyWayIn: 1, inUse: false } }])
})
