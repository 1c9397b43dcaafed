import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest'
import { sandboxConsole } from '#lib/backup/sandbox-console-for-tests.ts'
import { healthOf } from './view-health.ts'
import { followKeys, watchKeys } from './watch-keys.ts'

export const minute = 60_000
export const times = { everyMs: 900_000, unhealthyEveryMs: 60_000 }
/** A quarter of an hour until the next check is due, and a few minutes more. */
export const long = 19

/** For the tests of one file: before each a key that the saved environment uses, and that the watch found healthy just now. */
export function watchedKey() {
  const here = sandboxConsole()
  /** The watch has a time of its own. */
  const watched = { arn: '', time: 0 }
  const now = () => new Date(watched.time)
  const options = { now, random: () => 0.5 }
  const newKey = async () => (await here.sandbox.kms().send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? ''
  beforeAll(() => void vi.spyOn(console, 'error').mockImplementation(() => undefined))
  afterAll(() => void vi.restoreAllMocks())
  beforeEach(async () => {
    watched.arn = await newKey()
    await here.save({ masterKey: watched.arn })
    await here.db.backup.deleteMany()
    await here.context.kmsTally.flush()
    await here.db.keyHealth.deleteMany()
    watched.time = Date.now()
    await followKeys(here.context, now())
    await watchKeys(here.context, times, options)
    await here.sandbox.control('DELETE', 'requests')
  })
  afterEach(() => here.sandbox.control('DELETE', 'clock'))
  return Object.assign(here, {
    watched,
    now,
    options,
    newKey,
    health: async () => (await healthOf(here.db, [watched.arn], now())).get(watched.arn),
    events: () => here.db.keyEvent.findMany({ where: { arn: watched.arn }, orderBy: { id: 'asc' } }),
    /** So many minutes, in each of which the watch looks. */
    async pass(minutes: number): Promise<void> {
      for (let count = 0; count < minutes; count += 1) {
        watched.time += minute
        await watchKeys(here.context, times, options)
      }
    },
    failKms: (fault: object) => here.fail({ service: 'kms', operation: '*', ...fault }),
    /** How often KMS was asked for what. */
    asked: async (): Promise<Record<string, number>> => (await here.counts()).kms ?? {},
  })
}
