import { CreateKeyCommand, DisableKeyCommand } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { sandboxConsole } from '#lib/backup/sandbox-console-for-tests.ts'
import { seededRandom } from '#lib/backup/workers-for-tests.ts'
import { readEnv } from '#lib/env.ts'
import { jittered } from './record-probe.ts'
import { followKeys, watchKeys } from './watch-keys.ts'

// The table in docs/keys.md, section Health.
const documented = {
  healthy: { DescribeKey: 96, Encrypt: 96, Decrypt: 96 },
  disabled: { DescribeKey: 1440 },
}

const minute = 60_000
const times = readEnv({}).keyHealth
const here = sandboxConsole()
beforeAll(async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
})
afterAll(async () => {
  vi.restoreAllMocks()
})

/** What KMS is asked for one key within so many minutes. */
async function calls(minutes: number, random: () => number): Promise<Record<string, number>> {
  let time = Date.now()
  await here.db.keyHealth.deleteMany()
  await followKeys(here.context, new Date(time))
  await here.sandbox.control('DELETE', 'requests')
  const end = time + minutes * minute
  while (time < end) {
    await watchKeys(here.context, times, { now: () => new Date(time), random })
    // To the moment when it is due: no worker finds anything to do before.
    const { nextCheckAt } = await here.db.keyHealth.findFirstOrThrow()
    time = nextCheckAt.getTime()
  }
  const counts = await here.counts()
  return counts.kms ?? {}
}

test('the calls of a day are those that are documented', async () => {
  const { KeyMetadata } = await here.sandbox.kms().send(new CreateKeyCommand({}))
  await here.save({ masterKey: KeyMetadata?.Arn ?? '' })
  expect(await calls(24 * 60, () => 0.5)).toEqual(documented.healthy)

  await here.sandbox.kms().send(new DisableKeyCommand({ KeyId: KeyMetadata?.Arn }))
  // A quarter of an hour stands for all of it.
  const quarter = await calls(15, () => 0.5)
  expect(quarter).toEqual({ DescribeKey: documented.disabled.DescribeKey / 96 })
}, 90_000)

test('checks are spread, and as many as documented on average', () => {
  const random = seededRandom(3)
  const from = new Date(0)
  const waits = Array.from({ length: 10_000 }, () => jittered(from, times.everyMs, random).getTime())
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(times.everyMs * 0.9)
  expect(Math.max(...waits)).toBeLessThanOrEqual(times.everyMs * 1.1)
  expect(waits.reduce((sum, wait) => sum + wait) / waits.length / times.everyMs).toBeCloseTo(1, 2)
})
