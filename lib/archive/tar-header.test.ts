import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { extract, type Header } from 'tar-stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toBytePath } from './byte-path.ts'
import type { Entry } from './entry.ts'
import { BLOCK, END_OF_TAR, encodeTarHeader, paddingAfter } from './tar-header.ts'
import { describeTree } from './tree-for-tests.ts'

/** A copy: the next header is written into the same memory. */
const headerOf = (...args: Parameters<typeof encodeTarHeader>) => Buffer.from(encodeTarHeader(...args))

type Described = Omit<Entry, 'offset' | 'data'>
const plain: Described = {
  type: 'file',
  path: 'file',
  size: 0,
  mode: 0o644,
  uid: 10,
  gid: 20,
  mtimeNs: 1_000_000_000n * 10n ** 9n,
}

describe('as tar-stream reads it', () => {
  async function readBack(entry: Described): Promise<Header> {
    const stream = extract()
    const seen = new Promise<Header>((resolve, reject) => {
      stream.on('entry', resolve)
      stream.on('error', reject)
    })
    stream.write(headerOf(entry))
    return seen
  }

  test('a plain file needs one block', async () => {
    expect(headerOf(plain).length).toBe(BLOCK)
    const expected = { name: 'file', mode: 0o644, uid: 10, gid: 20, size: 0, type: 'file', mtime: new Date(1e12) }
    expect(await readBack(plain)).toMatchObject(expected)
  })

  test.each([99, 100, 101, 255, 5000])('a path of %i bytes', async (length) => {
    const path = `folder/${'x'.repeat(length - 7)}`
    expect((await readBack({ ...plain, path })).name).toBe(path)
    const target = await readBack({ ...plain, type: 'symlink', target: path })
    expect(target.linkname).toBe(path)
  })

  // The length of a record counts its own digits: around 100 and 1000 it is easily wrong.
  test('a path of every length around the borders of record lengths', async () => {
    for (const length of [...range(101, 130), ...range(960, 1010), ...range(9980, 10_010)]) {
      const path = 'p'.repeat(length)
      expect((await readBack({ ...plain, path })).name).toBe(path)
    }
  })

  test.each([
    [0o77777777777, 2 ** 33 - 1],
    [2 ** 33, 2 ** 33],
    [5 * 2 ** 40, 5 * 2 ** 40],
  ])('a size of %i', async (size, expected) => {
    expect((await readBack({ ...plain, size })).size).toBe(expected)
  })

  test('text beyond ASCII, large owners, and times', async () => {
    expect((await readBack({ ...plain, path: toBytePath('größe 🌲') })).name).toBe('größe 🌲')
    const large = await readBack({ ...plain, uid: 0o7777777 + 1, gid: 4_000_000_000 })
    expect(large.pax).toMatchObject({ uid: '2097152', gid: '4000000000' })
    expect((await readBack({ ...plain, mtimeNs: 1n })).pax).toMatchObject({ mtime: '0.000000001' })
    expect((await readBack({ ...plain, mtimeNs: -1_500_000_000n })).pax).toMatchObject({ mtime: '-1.500000000' })
    expect((await readBack({ ...plain, mtimeNs: 4_500_000_000n * 10n ** 9n })).mtime).toEqual(new Date(4.5e12))
  })
})

describe('as the system tar reads it', () => {
  let folder: string
  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'tar-header-')))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('every kind of name and type is extracted to the byte', () => {
    const content = randomBytes(700)
    const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
    const at = { ...owner, mode: 0o640, size: 0, mtimeNs: 1_234_567_890_123_456_789n }
    const file = { ...at, type: 'file', size: content.length } as const
    const notUtf8 = 'not-\xff-utf8'
    const entries: Described[] = [
      { ...at, type: 'folder', path: 'd', mode: 0o750 },
      { ...file, path: 'd/short' },
      { ...file, path: `d/${'n'.repeat(255)}` },
      { ...file, path: toBytePath('d/größe') },
      { ...file, path: `d/${notUtf8}` },
      { ...file, path: `d/${notUtf8}${'\xe9'.repeat(200)}` },
      { ...at, type: 'hardlink', path: 'd/hard', target: 'd/short' },
      { ...at, type: 'symlink', path: 'd/soft', target: `${'t'.repeat(200)}`, mode: 0o777 },
      { ...at, type: 'symlink', path: 'd/soft-not-utf8', target: notUtf8, mode: 0o777 },
    ]
    const stream = entries.flatMap((entry) =>
      entry.type === 'file'
        ? [headerOf(entry), content, Buffer.alloc(paddingAfter(content.length))]
        : [headerOf(entry)],
    )
    writeFileSync(join(folder, 'archive.tar'), Buffer.concat([...stream, END_OF_TAR]))
    const target = join(folder, 'target')
    mkdirSync(target)
    execFileSync('tar', ['-xpf', join(folder, 'archive.tar'), '-C', target], { stdio: ['ignore', 'pipe', 'inherit'] })
    const described = describeTree(target)
    const paths = entries.map(({ path }) => `./${path}`)
    expect(Object.keys(described).sort()).toEqual(['.', ...paths].sort())
    for (const { path, mode } of entries) {
      expect(described[`./${path}`]).toContain('time 1234567890.123456789')
      expect(described[`./${path}`]).toMatch(new RegExp(`^mode \\d+${mode.toString(8)},`))
    }
    expect(described['./d/short']).toContain('same as ./d/hard')
    expect(described['./d/soft-not-utf8']).toContain(`to ${notUtf8}`)
  })
})

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

test('a header with a pax header at any rate is as long whatever the size', () => {
  for (const path of ['a', 'x'.repeat(255), '\xff'.repeat(255)]) {
    const of = (size: number, mtimeNs: bigint) =>
      headerOf({ type: 'file', path, size, mode: 0o600, uid: 0, gid: 0, mtimeNs }, true).length
    expect(of(0, 0n)).toBe(3 * BLOCK)
    expect(of(9 * 2 ** 30, 1n)).toBe(3 * BLOCK)
  }
})
