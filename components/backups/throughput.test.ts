import { expect, test } from 'vitest'
import { addSample, rateOf, ratesOf, type Sample } from './throughput.ts'

const collect = (...samples: Sample[]) => samples.reduce<readonly Sample[]>(addSample, [])

test('says nothing before a second has passed', () => {
  expect(rateOf([])).toBeUndefined()
  expect(rateOf(collect({ at: 0, bytes: 0 }, { at: 999, bytes: 10 }))).toBeUndefined()
})

test('follows the last ten seconds only', () => {
  const slow = Array.from({ length: 20 }, (_, at) => ({ at: at * 1000, bytes: at }))
  const fast = Array.from({ length: 11 }, (_, at) => ({ at: 20_000 + at * 1000, bytes: 20_000 + at * 2_000 }))
  expect(rateOf(collect(...slow, ...fast))).toBe(2_000)
})

test('over a slow line it looks back over several steps, and neither stops at nothing nor leaps', () => {
  let samples: readonly Sample[] = []
  const rates: number[] = []
  for (let second = 0; second < 600; second += 1) {
    samples = addSample(samples, { at: second * 1000, bytes: Math.floor(second / 30) * 300 })
    if (second >= 120) rates.push(rateOf(samples) ?? 0)
  }
  expect(Math.min(...rates)).toBeGreaterThan(8)
  expect(Math.max(...rates)).toBeLessThan(12)
})

test('starts anew when a retry counts from the beginning', () => {
  const samples = collect(
    { at: 0, bytes: 0 },
    { at: 2_000, bytes: 9_000 },
    { at: 3_000, bytes: 0 },
    { at: 5_000, bytes: 100 },
  )
  expect(rateOf(samples)).toBe(50)
})

test('a graph has the rate between each two samples', () => {
  const samples = [
    { at: 0, bytes: 0 },
    { at: 1000, bytes: 500 },
    { at: 3000, bytes: 4500 },
  ]
  expect(ratesOf(samples)).toEqual([
    { at: 1000, bytesPerSecond: 500 },
    { at: 3000, bytesPerSecond: 2000 },
  ])
  expect(ratesOf(samples.slice(0, 1))).toEqual([])
})
