import { expect, test } from 'vitest'
import { Pace } from './pace.ts'

/** Calls made within so many milliseconds by somebody who makes the next as soon as they may. */
function callsWithin(pace: Pace, clock: { now: number }, ms: number): number {
  const end = clock.now + ms
  let calls = 0
  while (clock.now < end) {
    clock.now += pace.book()
    if (clock.now < end) calls += 1
  }
  return calls
}

test('no more calls than allowed, but for a short burst, however long nobody called', () => {
  const clock = { now: 1e6 }
  const pace = new Pace(50, () => clock.now)
  expect(callsWithin(pace, clock, 10_000)).toBeLessThanOrEqual(506)
  clock.now += 60_000
  const after = callsWithin(pace, clock, 1_000)
  expect(after).toBeGreaterThanOrEqual(49)
  expect(after).toBeLessThanOrEqual(57)
})

test('throttled it halves, once for many who say so at once, never below one, and comes back by itself', () => {
  const clock = { now: 0 }
  const pace = new Pace(80, () => clock.now)
  for (let said = 0; said < 5; said += 1) pace.slowDown()
  expect(pace.perSecond).toBe(40)
  clock.now += 1_000
  pace.slowDown()
  expect(pace.perSecond).toBe(20)
  expect(callsWithin(pace, clock, 900)).toBeLessThan(25)
  clock.now += 10_000
  pace.book()
  expect(pace.perSecond).toBe(80)
  for (let second = 0; second < 20; second += 1) {
    pace.slowDown()
    clock.now += 1_000
  }
  expect(pace.perSecond).toBe(1)
})

test('waiting ends when it is told to stop', async () => {
  const pace = new Pace(1, () => 0)
  const stop = new AbortController()
  const waits = Array.from({ length: 3 }, () => pace.take(stop.signal))
  stop.abort(new Error('told'))
  const ends = await Promise.allSettled(waits)
  expect(ends.at(-1)).toMatchObject({ status: 'rejected', reason: new Error('told') })
  await expect(pace.take(stop.signal)).rejects.toThrow('told')
})
