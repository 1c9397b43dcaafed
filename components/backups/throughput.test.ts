import { expect, test } from 'vitest'
import { addSample, rateOf, ratesOf, type Sample } from './throughput.ts'

const collect = (...samples: Sample[]) => samples.reduce<readonly Sample[]>(addSample, [])

test('says nothing before a second has passed', () => {
  expect(rateOf([])).toBeUndefined()
  expect(rateOf(collect({ at: 0, bytes: 0 }, { at: 999, bytes: 10 }))).toBeUndefined()
})

test('follows the last ten seconds only', () => {
  const samples = collect({ at: 0, bytes: 0 }, { at: 5_000, bytes: 5_000 }, { at: 15_000, bytes: 25_000 })
  expect(rateOf(samples)).toBe(2_000)
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
