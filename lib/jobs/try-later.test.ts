import { expect, test } from 'vitest'
import { tryLater } from './try-later.ts'

const epoch = new Date(0)

test('five seconds, twice as long each time, at most five minutes, and for about a day', () => {
  const waits = [1, 2, 3, 6, 7, 50].map((tries) => (tryLater(tries, epoch, 1)?.getTime() ?? 0) / 1000)
  expect(waits).toEqual([5, 10, 20, 160, 300, 300])
  expect(tryLater(1, epoch, 0)?.getTime()).toBe(2500)
  expect(tryLater(301, epoch)).toBeUndefined()
  let total = 0
  for (let tries = 1; tryLater(tries, epoch); tries += 1) total += tryLater(tries, epoch, 0.5)?.getTime() ?? 0
  expect(total / 3_600_000).toBeGreaterThan(15)
  expect(total / 3_600_000).toBeLessThan(26)
})
