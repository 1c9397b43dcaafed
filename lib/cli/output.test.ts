import { expect, onTestFinished, test, vi } from 'vitest'
import { bytesText, count, plain, print, printError, printJson, timeText } from './output.ts'

test.each([
  [0, '0 B'],
  [1, '1 B'],
  [858.4888, '858 B'],
  [1023, '1,023 B'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [1024 ** 2 - 1, '1.0 MiB'],
  [1024 * 99.9, '99.9 KiB'],
  [1024 * 100, '100 KiB'],
  [1024 ** 2, '1.0 MiB'],
  [17 * 1024 ** 3, '17.0 GiB'],
  [1024 ** 4, '1.0 TiB'],
  [1024 ** 5, '1.0 PiB'],
  [5 * 1024 ** 6, '5,120 PiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text)
})

test('one and many', () => {
  expect([0, 1, 2, 2048].map((amount) => count(amount, 'file'))).toEqual([
    '0 files',
    '1 file',
    '2 files',
    '2,048 files',
  ])
})

test('times are written as on the pages', () => {
  expect(timeText('2026-11-12T08:30:05.999Z')).toBe('2026-11-12 08:30:05 UTC')
  expect(timeText(new Date(0))).toBe('1970-01-01 00:00:00 UTC')
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

test('whatever is printed keeps its lines, and nothing that it quotes can act on a terminal', () => {
  const written: string[] = []
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => written.push(String(text)) > 0)
  onTestFinished(() => void vi.restoreAllMocks())
  print('AWS said:\n  red \u001b[31mtext\u001b[0m\r')
  printError('title \u001b]0;owned\u0007 set')
  const names = { right: '\u202eto left', c1: '\u0085', esc: '\u001b[31m', plain: 'größe 日本 🔑', size: 2n }
  printJson(names)
  vi.restoreAllMocks()
  const [shown, told, json = ''] = written
  expect([shown, told]).toEqual(['AWS said:\n  red text�\n', 'title  set\n'])
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  expect(json).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
  expect(json).toContain('größe 日本 🔑')
  expect(JSON.parse(json)).toEqual({ ...names, size: 2 })
})
