import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { toBytePath } from '#lib/archive/byte-path.ts'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { failureOf, SEGMENT, Workbench } from './backup-for-tests.ts'
import { crumbs, listFolder, pathId, pathOfId, searchFiles } from './browse-backup.ts'
import { downloadQuerySchema } from './browse-schema.ts'
import { contentDisposition, downloadFile, downloadTar } from './download-backup.ts'
import { EntryIndex } from './entry-index.ts'
import type { OpenedBackup } from './open-backup.ts'
import { pathText, Selection, selectEntries } from './select-entries.ts'

let bench: Workbench
let backup: OpenedBackup
let index: EntryIndex
let fetched: string[]
beforeAll(async () => {
  bench = new Workbench()
  const at = (name: string) => join(bench.source, name)
  for (const folder of ['a', 'a/b', 'a/b/c', 'a-b', 'many', 'Ordner für Größe']) mkdirSync(at(folder))
  for (let i = 0; i < 250; i += 1) writeFileSync(at(`many/file-${i}`), `content ${i}`)
  writeFileSync(at('a/b/c/Deep "quoted".txt'), 'deep')
  writeFileSync(at('a-b/file'), 'beside')
  writeFileSync(Buffer.concat([Buffer.from(at('a/')), Buffer.from([0x66, 0xff])]), 'not UTF-8')
  writeFileSync(at('large'), randomBytes(2 * SEGMENT))
  chmodSync(at('large'), 0o644)
  linkSync(at('large'), at('more of large'))
  symlinkSync('a/b', at('soft'))
  await bench.backUp('mine')
  const store = Object.assign(Object.create(bench.store), {
    read: (key: string, max: number) => {
      fetched.push(key.slice(bench.name('mine', '').length))
      return bench.store.read(key, max)
    },
  })
  backup = { ...(await bench.open('mine')), store }
})
beforeEach(() => {
  fetched = []
  // It keeps what it has read, and then nothing is fetched.
  index = new EntryIndex(backup)
})
afterAll(() => bench.remove())

const names = async (folder: string) => (await listFolder(index, folder, { limit: 1000 })).items.map(({ name }) => name)

test('a folder lists what lies directly in it, in order, without fetching data', async () => {
  expect(await names('.')).toEqual(['Ordner für Größe', 'a', 'a-b', 'large', 'many', 'more of large', 'soft'])
  expect(await names('a')).toEqual(['b', 'f\\xff'])
  expect(await names('a-b')).toEqual(['file'])
  expect(await names(toBytePath('Ordner für Größe'))).toEqual([])
  expect(fetched).not.toEqual([])
  expect(fetched.filter((name) => !name.startsWith('entries/'))).toEqual([])
  const { items } = await listFolder(index, '.', { limit: 100 })
  expect(items.find(({ name }) => name === 'large')).toMatchObject({ type: 'file', size: 2 * SEGMENT, mode: '0644' })
  expect(items.find(({ name }) => name === 'soft')).toMatchObject({ type: 'symlink', size: null, target: 'a/b' })
  for (const folder of ['missing', 'large', 'a/b/c/d', '..', ''])
    expect(await failureOf(listFolder(index, folder, { limit: 1 })), folder).toMatchObject({ code: 'not-found' })
})

test('page by page, every one once, whatever its name', async () => {
  for (const folder of ['many', 'a', '.']) {
    const all = await names(folder)
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await listFolder(index, folder, { limit: 3, after })
      seen.push(...page.items.map(({ name }) => name))
      after = page.next === null ? undefined : pathOfId(page.next)
    } while (after !== undefined)
    expect(seen).toEqual(all)
  }
})

test('searching finds a text in any path, page by page', async () => {
  const search = async (text: string) => (await searchFiles(index, text, { limit: 1000 })).items.map(({ path }) => path)
  expect(await search('DEEP "Q')).toEqual(['a/b/c/Deep "quoted".txt'])
  expect(await search('größe')).toEqual(['Ordner für Größe'])
  expect(await search('\\xff')).toEqual(['a/f\\xff'])
  expect(await search('b/c')).toEqual(['a/b/c', 'a/b/c/Deep "quoted".txt'])
  expect(await search('"type"')).toEqual([])
  expect(await search('.*')).toEqual([])
  const seen: string[] = []
  let after: string | undefined
  do {
    const page = await searchFiles(index, 'FILE-1', { limit: 7, after })
    seen.push(...page.items.map(({ name }) => name))
    after = page.next === null ? undefined : pathOfId(page.next)
  } while (after !== undefined)
  expect(seen).toHaveLength(111)
  expect(new Set(seen).size).toBe(111)
})

test('a page of what was found that ends with a folder is followed by what lies in it', async () => {
  const { items: all } = await searchFiles(index, 'a', { limit: 1000 })
  for (const limit of [1, 2, 3]) {
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await searchFiles(index, 'a', { limit, after })
      seen.push(...page.items.map(({ path }) => path))
      after = page.next === null ? undefined : pathOfId(page.next)
    } while (after !== undefined)
    expect(seen).toEqual(all.map(({ path }) => path))
  }
})

test('crumbs lead from the top', () => {
  expect(crumbs('.')).toEqual([{ id: null, name: 'All files' }])
  expect(crumbs('a/b')).toEqual([
    { id: null, name: 'All files' },
    { id: pathId('a'), name: 'a' },
    { id: pathId('a/b'), name: 'b' },
  ])
})

async function collect(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of content) pieces.push(piece)
  return Buffer.concat(pieces)
}

test('a file is downloaded as itself, from its segments only; a hard link too', async () => {
  for (const path of ['large', 'more of large']) {
    const { size, content } = await downloadFile({ backup, index }, path)
    expect(size).toBe(2 * SEGMENT)
    expect((await collect(content)).equals(readFileSync(join(bench.source, 'large')))).toBe(true)
  }
  fetched.length = 0
  const small = await downloadFile({ backup, index }, 'many/file-7')
  expect(String(await collect(small.content))).toBe('content 7')
  expect(fetched.filter((name) => name.startsWith('segments/'))).toHaveLength(1)
  expect(await failureOf(downloadFile({ backup, index }, 'many'))).toMatchObject({ code: 'not-found' })
})

test('a tar stream of everything unpacks to the source', async () => {
  const target = bench.newTarget()
  mkdirSync(target)
  const tar = await collect(downloadTar({ backup, index }, []))
  execFileSync('tar', ['-xpf', '-', '-C', target, '--numeric-owner'], { input: tar })
  expect(describeTree(target)).toEqual(describeTree(bench.source))
})

test('a name that looks like a pattern, chosen in the list, is that file alone', async () => {
  const other = new Workbench()
  for (const name of ['photo[1].jpg', 'photo1.jpg', 'a*', 'ab', 'back\\[slash', 'flag \u{1f3f4}\u{e0067}\u{e007f}'])
    writeFileSync(join(other.source, name), name)
  await other.backUp('odd')
  const opened = await other.open('odd')
  const list = async (path: string) => {
    const tar = await collect(
      downloadTar({ backup: opened, index: new EntryIndex(opened) }, [pathText(toBytePath(path))]),
    )
    return execFileSync('tar', ['-tf', '-', '--quoting-style=literal'], { input: tar, encoding: 'utf8' })
      .split('\n')
      .slice(1, -1)
  }
  for (const { name } of readdirSync(other.source, { withFileTypes: true })) expect(await list(name)).toEqual([name])
  other.remove()
})

test('a tar stream of some of it brings the content of a hard link whose first file is left out', async () => {
  const target = bench.newTarget()
  mkdirSync(target)
  const tar = await collect(downloadTar({ backup, index }, ['more*', 'a/b']))
  execFileSync('tar', ['-xpf', '-', '-C', target], { input: tar })
  expect(Object.keys(describeTree(target))).toEqual([
    '.',
    './a',
    './a/b',
    './a/b/c',
    './a/b/c/Deep "quoted".txt',
    './more of large',
  ])
  expect(readFileSync(join(target, 'more of large')).equals(readFileSync(join(bench.source, 'large')))).toBe(true)
})

test('nothing of a damaged segment is given', async () => {
  const name = bench.name('mine', 'segments/1/1')
  const object = bench.store.objects.get(name) ?? Buffer.alloc(0)
  bench.store.objects.set(name, Buffer.from(object).fill(0, 500, 501))
  const { content } = await downloadFile({ backup, index }, 'large')
  let given = 0
  const error = await failureOf(
    (async () => {
      for await (const piece of content) given += piece.length
    })(),
  )
  bench.store.objects.set(name, object)
  expect(error).toMatchObject({ code: 'integrity', message: expect.stringMatching(/^Segment 1 /) })
  expect(given).toBeLessThanOrEqual(SEGMENT)
})

test.each([
  ['report.pdf', 'filename="report.pdf"; filename*=UTF-8\'\'report.pdf'],
  ['Größe №1.txt', 'filename="Gro_e No1.txt"; filename*=UTF-8\'\'Gr%C3%B6%C3%9Fe%20%E2%84%961.txt'],
  ['../../etc/passwd', 'filename=".._.._etc_passwd"; filename*=UTF-8\'\'.._.._etc_passwd'],
  ['a"b\r\nSet-Cookie: x', 'filename="a_b__Set-Cookie_ x"; filename*=UTF-8\'\'a_b__Set-Cookie_%20x'],
  ['evil\u202etxt.exe', 'filename="evil_txt.exe"; filename*=UTF-8\'\'evil_txt.exe'],
  ['..', 'filename="_"; filename*=UTF-8\'\'_'],
  ['a＂; x=＂.／b', 'filename="a_; x=_._b"; filename*=UTF-8\'\'a%EF%BC%82%3B%20x%3D%EF%BC%82.%EF%BC%8Fb'],
  [`${'x'.repeat(147)}🔑🔑.tar`, `filename="${'x'.repeat(146)}.tar"; filename*=UTF-8''${'x'.repeat(146)}.tar`],
])('%j is saved under a harmless name', (name, header) => {
  expect(contentDisposition(name)).toBe(`attachment; ${header}`)
})

test('who looks for a pattern in a long list lets others work meanwhile', async () => {
  await index.part(0)
  const now = performance.now()
  let looks = 0
  // Each look takes a fifth of a second.
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now + 200 * ++looks)
  let turns = 0
  const others = setInterval(() => (turns += 1))
  try {
    const selection = new Selection(['file-1*'])
    for await (const { item } of selectEntries(index, selection, 'mine')) expect(item.path).toMatch(/^(\.|many)/)
  } finally {
    clearInterval(others)
    clock.mockRestore()
  }
  expect(looks).toBeGreaterThan(250)
  expect(turns).toBeGreaterThan(0)
})

test('patterns that together are longer than any honest ones are refused', () => {
  expect(() => new Selection(Array.from({ length: 1000 }, () => `*${'a'.repeat(100)}`))).toThrow(/too many patterns/)
  expect(() => new Selection(Array.from({ length: 1000 }, (_, i) => `${'a'.repeat(1000)}${i}`))).not.toThrow()
  expect(() => new Selection(Array.from({ length: 1000 }, () => '*.txt'))).not.toThrow()
})

test('a pattern to download by has no control characters, which nothing that is asked for by hand has', () => {
  const parse = (pattern: string) => downloadQuerySchema.safeParse({ path: [], pattern: [pattern], as: 'tar' }).success
  expect(['*.pdf', '!größe/**', 'a\\u202eb'].map(parse)).toEqual([true, true, true])
  expect(['!\0', 'a\nb', '\u001b[2J'].map(parse)).toEqual([false, false, false])
})
