import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { failureOf, folderSource, SEGMENT, Workbench } from './backup-for-tests.ts'
import { EntryIndex } from './entry-index.ts'
import type { IncomingFile } from './source.ts'

let bench: Workbench
beforeEach(() => {
  bench = new Workbench()
})
afterEach(() => bench.remove())

async function* inPieces(content: Buffer, size = 10_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size)
}

async function restoredFile(name: string): Promise<Buffer> {
  const { target } = await bench.restore('mine')
  return readFileSync(join(target, name))
}

const stored = (kind: string) => [...bench.store.objects.keys()].filter((key) => key.includes(`/${kind}/`))

describe('a stream', () => {
  const sizes = [0, 1, 511, 512, SEGMENT - 2048, SEGMENT - 1536, SEGMENT - 1535, SEGMENT, SEGMENT + 1, 5 * SEGMENT + 7]
  test.each(sizes)('of %i bytes comes back, whether or not its length was known', async (size) => {
    const bytes = randomBytes(size)
    for (const known of [{}, { size }]) {
      bench.store.objects.clear()
      const source = { kind: 'stream', name: 'dump.sql', bytes: inPieces(bytes), ...known } as const
      const result = await bench.backUp('mine', { source })
      expect(result).toMatchObject({ files: 1, folders: 0, bytes: size, warnings: 0 })
      expect((await restoredFile('dump.sql')).equals(bytes)).toBe(true)
    }
  })

  test('of unknown length: the first segment is stored last', async () => {
    const order: string[] = []
    const { store } = bench
    const create = store.create.bind(store)
    store.create = async (key, body) => {
      order.push(key.slice(bench.name('mine', '').length))
      return create(key, body)
    }
    await bench.backUp('mine', { source: { kind: 'stream', name: 'x', bytes: inPieces(randomBytes(6 * SEGMENT)) } })
    const segments = order.filter((name) => name.startsWith('segments/'))
    expect(segments).toHaveLength(7)
    expect(segments.slice(0, 2)).toEqual(['segments/1/1', 'segments/1/2'])
    expect(order.indexOf('segments/1/0')).toBeGreaterThan(order.indexOf('segments/1/5'))
  })

  test.each([
    [10, 9, 'announced with 10 bytes, and only 9 came'],
    [10, 11, 'announced with 10 bytes, and more came'],
  ])('announced with %i bytes that has %i is no backup', async (size, really, words) => {
    const source = { kind: 'stream', name: 'x', bytes: inPieces(randomBytes(really)), size } as const
    const error = await failureOf(bench.backUp('mine', { source }))
    expect(error).toMatchObject({ code: 'invalid', message: expect.stringContaining(words) })
    expect(bench.store.objects.has(bench.name('mine', 'manifest'))).toBe(false)
  })

  test('that breaks off is no backup', async () => {
    async function* breaking() {
      yield randomBytes(1000)
      throw new Error('the connection was reset')
    }
    const error = await failureOf(bench.backUp('mine', { source: { kind: 'stream', name: 'x', bytes: breaking() } }))
    expect(error).toMatchObject({
      code: 'unavailable',
      message: '“x” stopped coming after 1000 bytes: the connection was reset',
    })
  })

  test('that is stuck does not keep anybody who stops it', async () => {
    const controller = new AbortController()
    const bytes = {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          controller.abort(new Error('stopped by hand'))
          return new Promise<never>(() => {})
        },
      }),
    }
    const work = bench.backUp('mine', { source: { kind: 'stream', name: 'x', bytes }, signal: controller.signal })
    expect(await failureOf(work)).toMatchObject({ message: 'stopped by hand' })
  })

  test('is not gone on with', async () => {
    const source = { kind: 'stream', name: 'x', bytes: inPieces(randomBytes(10)) } as const
    const error = await failureOf(bench.backUp('mine', { source, attempt: 2 }))
    expect(error).toMatchObject({ code: 'conflict', fix: 'Start it again from its source.' })
  })

  test.each(['', '.', '..', '/etc/passwd', 'a/../b', `${'ü'.repeat(128)}`])('named %j is refused', async (name) => {
    const error = await failureOf(
      bench.backUp('mine', { source: { kind: 'stream', name, bytes: inPieces(Buffer.alloc(1)) } }),
    )
    expect(error).toMatchObject({ code: 'invalid', message: expect.stringContaining('cannot be the name of a file') })
  })
})

describe('several files that come in', () => {
  async function* files(...list: (readonly [path: string, content: Buffer])[]): AsyncGenerator<IncomingFile> {
    for (const [path, content] of list)
      yield { path, size: content.length, mtime: new Date(1_700_000_000_123), bytes: inPieces(content) }
  }
  const some = (size = 10) => randomBytes(size)

  test('come back with their folders', async () => {
    const list = [
      ['a', some(0)],
      ['folder/b', some(2 * SEGMENT)],
      ['folder/deep/er/c', some()],
      ['folder/é', some()],
      ['other/d', some(SEGMENT)],
    ] as const
    const result = await bench.backUp('mine', { source: { kind: 'files', files: files(...list) } })
    expect(result).toMatchObject({ files: 5, folders: 4 })
    const { target } = await bench.restore('mine')
    for (const [path, content] of list) expect(readFileSync(join(target, path)).equals(content), path).toBe(true)
    expect(describeTree(target)['./folder/é'.replace('é', Buffer.from('é').toString('latin1'))]).toContain(
      'time 1700000000.123000000',
    )
  })

  test.each([
    [['b', 'a'], 'it comes after “b”'],
    [['a', 'a'], 'it comes twice, or as a file and as a folder'],
    [['a', 'a/b'], 'it comes twice, or as a file and as a folder'],
    [['a/b', 'a'], 'it comes twice, or as a file and as a folder'],
    [['a/b', 'c/d', 'a/e'], 'it comes after “c/d”'],
  ])('%j is refused', async (paths, words) => {
    const list = paths.map((path) => [path, some()] as const)
    const error = await failureOf(bench.backUp('mine', { source: { kind: 'files', files: files(...list) } }))
    expect(error).toMatchObject({ code: 'invalid', message: expect.stringContaining(words) })
  })

  test('none at all is an empty backup', async () => {
    expect(await bench.backUp('mine', { source: { kind: 'files', files: files() } })).toMatchObject({ files: 0 })
    expect(readdirSync((await bench.restore('mine')).target)).toEqual([])
  })
})

describe('one file', () => {
  test('comes back under its name', async () => {
    const content = randomBytes(3 * SEGMENT)
    writeFileSync(join(bench.source, 'disk.img'), content)
    const source = { kind: 'file', path: join(bench.source, 'disk.img') } as const
    expect(await bench.backUp('mine', { source })).toMatchObject({ files: 1, folders: 0 })
    expect((await restoredFile('disk.img')).equals(content)).toBe(true)
  })

  test.each([
    ['missing', 'not-found'],
    ['folder', 'invalid'],
    ['link', 'invalid'],
  ])('%s is refused as %s', async (name, code) => {
    mkdirSync(join(bench.source, 'folder'))
    symlinkSync('folder', join(bench.source, 'link'))
    const source = { kind: 'file', path: join(bench.source, name) } as const
    expect(await failureOf(bench.backUp('mine', { source }))).toMatchObject({ code })
    expect(stored('segments')).toEqual([])
  })
})

describe('patterns', () => {
  async function chosen(patterns: { include?: string[]; exclude?: string[] }): Promise<string[]> {
    const names = [
      'a.log',
      'A.LOG',
      'b.txt',
      'cache/x',
      'docs/cache',
      'docs/deep/c.log',
      'docs/deep/d.txt',
      'empty/',
      '..odd',
    ]
    for (const name of names) {
      mkdirSync(join(bench.source, name, name.endsWith('/') ? '.' : '..'), { recursive: true })
      if (!name.endsWith('/')) writeFileSync(join(bench.source, name), name)
    }
    writeFileSync(Buffer.concat([Buffer.from(`${bench.source}/`), Buffer.from([0xff, 0xfe])]), 'no UTF-8')
    linkSync(join(bench.source, 'a.log'), join(bench.source, 'z.txt'))
    await bench.backUp('mine', { source: folderSource(bench.source, patterns) })
    const paths: string[] = []
    for await (const item of new EntryIndex(await bench.open('mine')).from(''))
      paths.push(item.type === 'folder' ? `${item.path}/` : item.path)
    await bench.restore('mine')
    return paths
  }
  const everything = ['..odd', 'A.LOG', 'a.log', 'b.txt', 'cache/', 'cache/x', 'docs/', 'docs/cache', 'docs/deep/']
  const rest = ['docs/deep/c.log', 'docs/deep/d.txt', 'empty/', 'z.txt', '\xff\xfe']

  test.each<[string, { include?: string[]; exclude?: string[] }, string[]]>([
    ['nothing said', {}, [...everything, ...rest]],
    ['blank lines and remarks say nothing', { include: ['', '# all'], exclude: ['  '] }, [...everything, ...rest]],
    ['by case, with the folders above', { include: ['*.log'] }, ['a.log', 'docs/', 'docs/deep/', 'docs/deep/c.log']],
    [
      'a folder with all it holds',
      { include: ['/docs/deep/'] },
      ['docs/', 'docs/deep/', 'docs/deep/c.log', 'docs/deep/d.txt'],
    ],
    ['a folder, and not the file of its name', { include: ['cache/'] }, ['cache/', 'cache/x']],
    [
      'exclude wins',
      { include: ['docs'], exclude: ['*.txt', 'docs/cache'] },
      ['docs/', 'docs/deep/', 'docs/deep/c.log'],
    ],
    ['exclude, and yet', { include: ['*.txt'], exclude: ['*.txt', '!b.txt'] }, ['b.txt']],
  ])('%s', async (_, patterns, expected) => {
    expect(await chosen(patterns)).toEqual(['./', ...expected])
  })
})
