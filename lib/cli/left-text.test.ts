import { expect, test } from 'vitest'
import { leftText } from './left-text.ts'

const second = 1000
const minute = 60 * second

test.each([
  [undefined, ''],
  [second, ', 1 s left'],
  [119 * second, ', 119 s left'],
  [120 * second, ', 2 min left'],
  [119 * minute, ', 119 min left'],
  [120 * minute, ', 2 h left'],
  [150 * minute, ', 2 h 30 min left'],
  [180 * minute - second, ', 3 h left'],
])('%s milliseconds', (milliseconds, text) => {
  expect(leftText(milliseconds)).toBe(text)
})
