import { expect, test } from 'vitest'
import { ratesOf } from './throughput.ts'

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
