import { expect, test } from 'vitest'
import { count, formatBytes } from './format-bytes.ts'

test.each([
  [0, '0 B'],
  [1023, '1,023 B'],
  [1024, '1.0 KiB'],
  [1024 * 99.9, '99.9 KiB'],
  [1024 * 100, '100 KiB'],
  [1024 ** 2 - 1, '1.0 MiB'],
  [21.4 * 1024 ** 3, '21.4 GiB'],
  [5 * 1024 ** 6, '5,120 PiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test('counts agree in number', () => {
  expect([0, 1, 2048].map((n) => count(n, 'file'))).toEqual(['0 files', '1 file', '2,048 files'])
})
