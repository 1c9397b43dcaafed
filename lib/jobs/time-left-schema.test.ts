import { expect, test } from 'vitest'
import { type Course, follow, ownWork, rateOf, type Seen, timeLeft } from './time-left-schema.ts'

const collect = (...seen: Seen[]) => seen.reduce<Course | undefined>((course, one) => follow(course, one), undefined)
const steadily = (seconds: number, perSecond: number, from = 0) =>
  Array.from({ length: seconds + 1 }, (_, at) => ({ at: (from + at) * 1000, done: at * perSecond }))

test('says nothing before a second has passed', () => {
  expect(rateOf(undefined)).toBeUndefined()
  const short = collect({ at: 0, done: 0 }, { at: 999, done: 10 })
  expect(rateOf(short)).toBeUndefined()
  expect(timeLeft(short, 100)).toBeUndefined()
})

test('follows the last ten seconds only', () => {
  const slow = Array.from({ length: 20 }, (_, at) => ({ at: at * 1000, done: at }))
  const fast = Array.from({ length: 11 }, (_, at) => ({ at: 20_000 + at * 1000, done: 20_000 + at * 2_000 }))
  expect(rateOf(collect(...slow, ...fast))).toBe(2_000)
})

test('over a slow line it looks back over several steps, and neither stops at nothing nor leaps', () => {
  let course: Course | undefined
  const rates: number[] = []
  for (let second = 0; second < 600; second += 1) {
    course = follow(course, { at: second * 1000, done: Math.floor(second / 30) * 300 })
    if (second >= 120) rates.push(rateOf(course) ?? 0)
  }
  expect(Math.min(...rates)).toBeGreaterThan(8)
  expect(Math.max(...rates)).toBeLessThan(12)
})

test('starts anew when a retry counts from the beginning, and after a wait', () => {
  const course = collect(
    { at: 0, done: 0 },
    { at: 2_000, done: 9_000 },
    { at: 3_000, done: 0 },
    { at: 5_000, done: 100 },
  )
  expect(rateOf(course)).toBe(50)
  const waiting = follow(course, { at: 6_000, done: 100 }, false)
  expect([rateOf(waiting), timeLeft(waiting, 1_000)]).toEqual([undefined, undefined])
  const again = follow(follow(waiting, { at: 300_000, done: 100 }), { at: 302_000, done: 200 })
  expect(rateOf(again)).toBe(50)
  expect(timeLeft(again, 1_000)).toBe(16_000)
})

test('the time left is what the rate makes of the rest', () => {
  expect(timeLeft(collect(...steadily(5, 10)), 1_050)).toBe(100_000)
  expect(timeLeft(collect(...steadily(5, 10)), 51)).toBe(1_000)
  expect(timeLeft(collect(...steadily(5, 10)), null)).toBeUndefined()
})

test('what an earlier attempt had finished makes nothing faster, and is not left', () => {
  const counts = (second: number) => ({ bytesDone: second * 1_010, bytesTaken: second * 1_000, bytesTotal: 10_600 })
  const seen = [0, 1, 2, 3, 4, 5].map((second) => ({ at: second * 1000, done: ownWork(counts(second)).done }))
  expect(timeLeft(collect(...seen), ownWork(counts(5)).total)).toBe(555_000)
  expect(ownWork({ ...counts(5), bytesTotal: null }).total).toBeNull()
})

test('nothing is foretold of what nobody can tell', () => {
  const gibibyte = 2 ** 30
  // A verification begins with the list of files: some KiB of a GiB within seconds, and the data has not begun.
  const list = collect({ at: 0, done: 0 }, { at: 2_000, done: 10_000 })
  expect(timeLeft(list, gibibyte)).toBeUndefined()
  expect(timeLeft(collect(...steadily(9, 0)), gibibyte)).toBeUndefined()
  // A folder without a byte, and one that has grown since it was counted.
  expect(timeLeft(collect(...steadily(9, 0)), 0)).toBeUndefined()
  expect(timeLeft(collect(...steadily(9, 10)), 90)).toBeUndefined()
  expect(timeLeft(collect(...steadily(9, 10)), 40)).toBeUndefined()
})

test('what takes days is told after some minutes', () => {
  const day = 86_400
  expect(timeLeft(collect(...steadily(100, 1)), day)).toBeUndefined()
  expect(timeLeft(collect(...steadily(600, 1)), day)).toBe((day - 600) * 1000)
})
