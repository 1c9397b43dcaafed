import { expect, test, vi } from 'vitest'
import { readKeyFacts } from '#lib/key-holdings/read-facts.ts'
import { weighing } from './dependents.ts'
import { watchedKey } from './watched-key-for-tests.ts'

vi.mock('#lib/key-holdings/read-facts.ts', { spy: true })

const here = watchedKey()

test('a reading that fails with one check’s transaction fails none of the others that wait for it', async () => {
  await here.complete(here.makeSmallSource())
  const { arn } = here.watched
  const weigh = weighing()
  const timedOut = new Error('The first one’s transaction is over.')
  vi.mocked(readKeyFacts).mockClear().mockRejectedValueOnce(timedOut)
  const [first, ...others] = await Promise.allSettled([1, 2, 3].map(() => weigh(here.db, arn)))
  expect(first).toEqual({ status: 'rejected', reason: timedOut })
  for (const other of others) expect(other).toMatchObject({ status: 'fulfilled', value: { backups: 1, onlyWayIn: 1 } })
  // One for all of those.
  expect(readKeyFacts).toHaveBeenCalledTimes(2)
})
