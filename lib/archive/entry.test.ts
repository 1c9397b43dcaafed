import fc from 'fast-check'
import { expect, test } from 'vitest'
import { displayPath, exactText, toBytePath, toFsPath } from './byte-path.ts'
import { type Entry, encodeEntry, formatTime, parseEntry, parseTime } from './entry.ts'

const file: Entry = {
  type: 'file',
  path: 'a/b',
  size: 5,
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtimeNs: 1_700_000_000_123_456_789n,
  offset: 512,
  data: 1536,
}

test('a line is as docs/format.md shows it', () => {
  expect(encodeEntry(file)).toBe(
    '{"type":"file","path":"a/b","size":5,"mode":420,"uid":0,"gid":0,"mtime":"1700000000.123456789","offset":512,"data":1536}',
  )
  expect(encodeEntry({ ...file, path: 'not-\xff' })).toContain('"pathBase64":"bm90Lf8="')
  expect(encodeEntry({ ...file, path: toBytePath('größe') })).toContain('"path":"größe"')
})

test('every entry comes back from its line', () => {
  const path = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
  const entry = fc.record({
    type: fc.constant('symlink' as const),
    path,
    target: path,
    size: fc.constant(0),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.nat(0xffff_ffff),
    gid: fc.nat(0xffff_ffff),
    mtimeNs: fc.bigInt(-(10n ** 27n), 10n ** 27n),
    offset: fc.maxSafeNat(),
    data: fc.maxSafeNat(),
  })
  fc.assert(
    fc.property(entry, (given) => {
      expect(parseEntry(encodeEntry(given))).toEqual(given)
    }),
  )
  fc.assert(
    fc.property(path, fc.string(), (skipped, warning) => {
      const given = { type: 'skipped', path: skipped, warning } as const
      expect(parseEntry(encodeEntry(given))).toEqual(given)
    }),
  )
})

test.each([
  ['no JSON', 'nonsense'],
  ['no object', '[]'],
  ['no path', '{"type":"file"}'],
  ['two paths', encodeEntry(file).replace('"size"', '"pathBase64":"YQ==","size"')],
  ['a device', encodeEntry(file).replace('"file"', '"device"')],
  ['a negative size', encodeEntry(file).replace('"size":5', '"size":-5')],
  ['a fraction', encodeEntry(file).replace('"size":5', '"size":0.5')],
  ['a size beyond what can be counted', encodeEntry(file).replace('"size":5', '"size":1e300')],
  ['a mode with a file type', encodeEntry(file).replace('"mode":420', '"mode":33188')],
  ['a time in words', encodeEntry(file).replace('1700000000.123456789', 'now')],
  ['a file with a target', encodeEntry({ ...file, target: 'x' })],
  ['a symlink without one', encodeEntry({ ...file, type: 'symlink', size: 0 })],
  ['a folder with content', encodeEntry({ ...file, type: 'folder' })],
])('a line with %s is refused', (_, line) => {
  expect(() => parseEntry(line)).toThrow(expect.objectContaining({ code: 'integrity' }))
})

test.each([
  [0n, '0.000000000'],
  [1n, '0.000000001'],
  [-1n, '-0.000000001'],
  [-1_500_000_000n, '-1.500000000'],
  [10n ** 27n, '1000000000000000000.000000000'],
])('a time of %i ns is %s', (ns, text) => {
  expect(formatTime(ns)).toBe(text)
  expect(parseTime(text)).toBe(ns)
})

test('a path is shown without anything that could fool its reader', () => {
  expect(displayPath('plain/path')).toBe('plain/path')
  expect(displayPath(toBytePath('größe 🌲'))).toBe('größe 🌲')
  expect(displayPath('line\nbreak\x1b[31m')).toBe('line\\u000abreak\\u001b[31m')
  expect(displayPath(toBytePath('abc\u202etxt.exe'))).toBe('abc\\u202etxt.exe')
  expect(displayPath('not-\xff')).toBe('not-\\xff')
})

test('node:fs is given exactly the bytes', () => {
  expect(toFsPath('ascii')).toBe('ascii')
  expect(toFsPath('not-\xff')).toEqual(Buffer.from([0x6e, 0x6f, 0x74, 0x2d, 0xff]))
  expect(exactText('not-\xff')).toBeUndefined()
})
