import { expect, test, vi } from 'vitest'
import { freeNow, freeWhole, passedThrough } from './free-now.ts'

test('frees what has its memory to itself, and nothing that others may use', () => {
  const own = Buffer.alloc(100_000)
  freeNow(own)
  expect(own).toHaveLength(0)
  const shared = Buffer.alloc(100_000, 1)
  freeNow(shared.subarray(1))
  const small = Buffer.from('small')
  freeWhole(small)
  const between = Buffer.from(new SharedArrayBuffer(100_000))
  freeNow(between)
  expect([shared.length, String(small), between.length]).toEqual([100_000, 'small', 100_000])
  freeWhole(shared.subarray(1))
  expect(shared).toHaveLength(0)
})

test('garbage is collected once for every GiB that passed', () => {
  const collect = vi.fn()
  vi.stubGlobal('gc', collect)
  const HALF = 2 ** 29
  const after = [HALF, HALF - 1, 1, HALF, HALF].map((bytes) => {
    passedThrough(bytes)
    return collect.mock.calls.length
  })
  vi.unstubAllGlobals()
  expect(after).toEqual([0, 0, 1, 1, 2])
})
