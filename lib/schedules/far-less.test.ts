import { expect, test } from 'vitest'
import { holdsFarLess, inRanks } from './far-less.ts'

const held = (files: number, bytes = files * 1000, warningCount = 0) => ({ files, bytes: BigInt(bytes), warningCount })

test.each([
  ['as much', held(100), held(100), false],
  ['more', held(1000), held(100), false],
  ['a tenth', held(10), held(100), false],
  ['less than a tenth of the files', held(9, 100_000), held(100), true],
  ['less than a tenth of the bytes', held(100, 9999), held(100), true],
  ['half, and a file that could not be read', held(50, 50_000, 1), held(100), false],
  ['less than half, and a file that could not be read', held(49, 49_000, 1), held(100), true],
  ['less than half, and as few unread as then', held(49, 49_000, 1), held(100, 100_000, 1), false],
  ['nearly all, and a tenth of it unread', held(95, 95_000, 10), held(100), false],
  ['nearly all, and more than a tenth of it unread', held(89, 89_000, 11), held(100), true],
  ['a few, one of them unread', held(4, 4000, 1), held(5), false],
  ['nothing, of nothing', held(0, 0, 1), held(0, 0, 1), false],
])('%s', (_, backup, earlier, less) => {
  expect(holdsFarLess(backup, earlier)).toBe(less)
})

test('each rank is of those that hold about as much', () => {
  const [whole, cut, nothing] = [held(1000), held(20, 20_000, 1), held(0, 0, 1)]
  expect(inRanks([whole, cut, nothing, whole, cut])).toEqual([[whole, whole], [cut, cut], [nothing]])
  expect(inRanks([nothing, cut, whole])).toEqual([[nothing, cut, whole]])
  expect(inRanks([])).toEqual([])
})
