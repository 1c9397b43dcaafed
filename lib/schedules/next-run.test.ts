import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nextRun } from './next-run.ts'

test.each([
  ['daily', null, 90, '2026-11-22T01:29:59.999Z', '2026-11-22T01:30:00.000Z'],
  ['daily', null, 90, '2026-11-22T01:30:00.000Z', '2026-11-23T01:30:00.000Z'],
  ['daily', null, 0, '2026-12-31T23:59:59.000Z', '2027-01-01T00:00:00.000Z'],
  ['weekly', 0, 120, '2026-11-22T01:00:00.000Z', '2026-11-22T02:00:00.000Z'],
  ['weekly', 0, 120, '2026-11-22T02:00:00.000Z', '2026-11-29T02:00:00.000Z'],
  ['weekly', 6, 1439, '2028-02-27T12:00:00.000Z', '2028-03-04T23:59:00.000Z'],
] as const)('%s %s %i after %s', (every, weekday, minute, after, expected) => {
  expect(nextRun({ every, weekday, minute }, new Date(after)).toISOString()).toBe(expected)
})

test('always later, at the time of day, on the weekday, and within a week', () => {
  const times = fc.record({
    every: fc.constantFrom('daily', 'weekly'),
    weekday: fc.integer({ min: 0, max: 6 }),
    minute: fc.integer({ min: 0, max: 1439 }),
  })
  const now = fc.date({ min: new Date('2020-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  fc.assert(
    fc.property(times, now, ({ every, weekday, minute }, after) => {
      const next = nextRun({ every, weekday, minute }, after)
      const distance = next.getTime() - after.getTime()
      expect(distance).toBeGreaterThan(0)
      expect(distance).toBeLessThanOrEqual((every === 'daily' ? 1 : 7) * 24 * 3600_000)
      expect(next.getUTCHours() * 60 + next.getUTCMinutes()).toBe(minute)
      if (every === 'weekly') expect(next.getUTCDay()).toBe(weekday)
    }),
  )
})
