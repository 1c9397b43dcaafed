import { expect, test } from 'vitest'
import { addSample, rateOf, type Sample } from './throughput.ts'

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
