import { expect, test } from 'vitest'
import { bytesText, count, plain, plainLines } from './output.ts'

test.each([
  [0, '0 B'],
  [1, '1 B'],
  [858.4888, '858 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [1024 ** 2 - 1, '1024.0 KiB'],
  [1024 ** 2, '1.0 MiB'],
  [17 * 1024 ** 3, '17.0 GiB'],
  [1024 ** 4, '1.0 TiB'],
  [1024 ** 5, '1.0 PiB'],
  [1024 ** 6, '1024.0 PiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text)
})

test('one and many', () => {
  expect([0, 1, 2].map((amount) => count(amount, 'file'))).toEqual(['0 files', '1 file', '2 files'])
})

test.each([
  ['plain größe 日本 🔑', 'plain größe 日本 🔑'],
  ['red \u001b[31mtext\u001b[0m', 'red text'],
  ['title \u001b]0;owned\u0007 set', 'title  set'],
  ['line\nbreak\r', 'line�break�'],
  ['back\u0008space', 'back�space'],
  ['right \u202eto left', 'right �to left'],
  ['c1 \u0085', 'c1 �'],
])('names cannot act on a terminal: %j', (name, shown) => {
  expect(plain(name)).toBe(shown)
})

test('a message keeps its lines, and what it quotes cannot act on a terminal', () => {
  expect(plainLines('AWS said:\n  red \u001b[31mtext\u001b[0m\r')).toBe('AWS said:\n  red text�')
})
