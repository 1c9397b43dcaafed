import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { failureOf, SEGMENT, Workbench } from './backup-for-tests.ts'
import { restoreBackup } from './restore-backup.ts'

let bench: Workbench
/** Only root restores set-ID bits. */
const inner = process.getuid?.() === 0 ? 0o2751 : 0o751
const in2020 = new Date('2020-01-01T00:00:00Z')
beforeAll(async () => {
  bench = new Workbench()
  const at = (name: string) => join(bench.source, name)
  for (const folder of ['a', 'a/b', 'a/b/c', 'a-b', 'docs', 'x']) mkdirSync(at(folder))
  writeFileSync(at('a/first'), randomBytes(3 * SEGMENT))
  writeFileSync(at('a/b/c/deep.txt'), 'deep')
  writeFileSync(at('a/b/two'), 'two')
  writeFileSync(at('a-b/file.txt'), 'beside')
  writeFileSync(at('docs/[draft]*.txt'), 'odd name')
  writeFileSync(at('docs/keep.txt'), 'keep')
  writeFileSync(at('docs/!important'), 'important')
  writeFileSync(Buffer.concat([Buffer.from(at('x/')), Buffer.from([0x66, 0xff])]), 'not UTF-8')
  writeFileSync(at('x/new\nline'), 'control')
  linkSync(at('a/b/two'), at('x/hard-1'))
  linkSync(at('a/b/two'), at('x/hard-2'))
  symlinkSync('../docs', at('x/soft'))
  writeFileSync(at('z-last'), randomBytes(SEGMENT / 2))
  chmodSync(at('a/b'), inner)
  for (const name of ['a/b/c', 'a/b', 'a', 'docs/keep.txt', 'docs', '.']) utimesSync(at(name), in2020, in2020)
  await bench.backUp('mine')
})
afterAll(() => bench.remove())

async function restoring(paths: readonly string[]) {
  const target = bench.newTarget()
  const backup = await bench.open('mine')
  const fetched: string[] = []
  const store = Object.assign(Object.create(bench.store), {
    read: (key: string, max: number) => {
      fetched.push(key.slice(bench.name('mine', '').length))
      return bench.store.read(key, max)
    },
  })
  const result = await restoreBackup({ backup: { ...backup, store }, target, paths })
  return { target, result, fetched }
}

/** What was restored is as in the source, down to modes and times. */
function expectPart(target: string, names: readonly string[]): void {
  const truth = describeTree(bench.source)
  const seen = describeTree(target)
  expect(Object.keys(seen).sort()).toEqual([...names].sort())
  for (const [name, facts] of Object.entries(seen))
    expect(facts.replace(/, same as .*?(?=,)/, ''), name).toBe(truth[name]?.replace(/, same as .*?(?=,)/, ''))
}

test.each<[string, string[], string[]]>([
  ['a file', ['docs/keep.txt'], ['.', './docs', './docs/keep.txt']],
  ['written with a slash or a dot in front', ['/docs/keep.txt', './docs/keep.txt'], ['.', './docs', './docs/keep.txt']],
  ['a folder with all below it', ['a/b/'], ['.', './a', './a/b', './a/b/c', './a/b/c/deep.txt', './a/b/two']],
  ['a folder and what lies in it', ['a/b', 'a/b/c'], ['.', './a', './a/b', './a/b/c', './a/b/c/deep.txt', './a/b/two']],
  ['a name that looks like a pattern', ['docs/[draft]*.txt'], ['.', './docs', './docs/[draft]*.txt']],
  ['a name that begins with !', ['/docs/!important'], ['.', './docs', './docs/!important']],
  ['a name that is not UTF-8, as it is shown', ['x/f\\xff'], ['.', './x', './x/f\xff']],
  ['a name with a line break, as it is shown', ['x/new\\u000aline'], ['.', './x', './x/new\nline']],
  [
    'a pattern',
    ['*.txt'],
    [
      '.',
      './a',
      './a/b',
      './a/b/c',
      './a/b/c/deep.txt',
      './a-b',
      './a-b/file.txt',
      './docs',
      './docs/[draft]*.txt',
      './docs/keep.txt',
    ],
  ],
  ['one that is not UTF-8, left out', ['x', '!x/f\\xff', '!/x/hard-*'], ['.', './x', './x/new\nline', './x/soft']],
  ['one with a line break, left out', ['x/*', '!new\\u000aline', '!hard-*'], ['.', './x', './x/f\xff', './x/soft']],
  ['a pattern that is anchored', ['/docs/k*'], ['.', './docs', './docs/keep.txt']],
  ['a pattern and its exception', ['docs/*', '!keep.txt'], ['.', './docs', './docs/!important', './docs/[draft]*.txt']],
  [
    'all but a pattern',
    ['!/a*', '!x', '!z-last'],
    ['.', './docs', './docs/!important', './docs/[draft]*.txt', './docs/keep.txt'],
  ],
  ['a folder without some of it', ['a', '!two', '!c/'], ['.', './a', './a/b', './a/first']],
  ['a path and a pattern', ['a-b', 'k*.txt'], ['.', './a-b', './a-b/file.txt', './docs', './docs/keep.txt']],
])('%s', async (_, paths, names) => {
  const { target } = await restoring(paths)
  expectPart(target, names)
})

test('the top is everything', async () => {
  for (const path of ['.', '/', './']) {
    const { target } = await restoring([path])
    expect(describeTree(target)).toEqual(describeTree(bench.source))
  }
})

test('hard links whose first file was not asked for are one file with its content', async () => {
  const { target, result } = await restoring(['x/hard-1', 'x/hard-2'])
  expect(readFileSync(join(target, 'x/hard-2'), 'utf8')).toBe('two')
  expect(lstatSync(join(target, 'x/hard-1')).ino).toBe(lstatSync(join(target, 'x/hard-2')).ino)
  expect(existsSync(join(target, 'a'))).toBe(false)
  expect(result).toMatchObject({ files: 1, links: 1, bytes: 3 })
})

test('only the segments that hold it are fetched', async () => {
  const { fetched } = await restoring(['z-last'])
  expect(fetched.filter((name) => name.startsWith('segments/'))).toEqual(['segments/1/3'])
  const small = await restoring(['docs/keep.txt', 'x'])
  // The content of the first file that x/hard-1 and x/hard-2 are names of.
  expect(small.fetched.filter((name) => name.startsWith('segments/'))).toEqual(['segments/1/3', 'segments/1/0'])
  const links = await restoring(['x/soft'])
  expect(links.fetched.filter((name) => name.startsWith('segments/'))).toEqual([])
})

test('what is not there is said before anything is made', async () => {
  const target = bench.newTarget()
  const backup = await bench.open('mine')
  const error = await failureOf(restoreBackup({ backup, target, paths: ['docs', 'docs/kept.txt'] }))
  expect(error).toMatchObject({ code: 'not-found', message: expect.stringContaining('“docs/kept.txt”') })
  const none = await failureOf(restoreBackup({ backup, target, paths: ['*.nothing', 'x/*.none', '!docs'] }))
  expect(none).toMatchObject({
    code: 'not-found',
    message: 'Backup mine holds nothing that matches “*.nothing”, “x/*.none”.',
  })
  expect(existsSync(target)).toBe(false)
  const { result } = await restoring(['docs/k*', '*.nothing'])
  expect(result.warningList).toEqual([{ path: '*.nothing', message: 'nothing in this backup matches it' }])
})

describe('into a folder that is there', () => {
  const restoreOver = async (target: string, overwrite: 'never' | 'older' | 'always', paths: string[] = []) =>
    restoreBackup({ backup: await bench.open('mine'), target, overwrite, paths })

  test('always: files become the backup’s, others stay', async () => {
    const target = bench.newTarget()
    mkdirSync(join(target, 'docs'), { recursive: true })
    writeFileSync(join(target, 'docs/keep.txt'), 'something longer of mine')
    writeFileSync(join(target, 'mine'), 'mine')
    const result = await restoreOver(target, 'always')
    expect(result).toMatchObject({ kept: 0, warnings: 0 })
    const { './mine': mine, ...rest } = describeTree(target)
    expect(mine).toContain('4 bytes')
    expect(rest).toEqual(describeTree(bench.source))
    // Once more: everything is there already, links too.
    await restoreOver(target, 'always')
    const { './mine': _, ...again } = describeTree(target)
    expect(again).toEqual(describeTree(bench.source))
    expect(readdirSync(target).filter((name) => name.startsWith('.vault'))).toEqual([])
  })

  test('never keeps every file, older replaces what is older', async () => {
    const target = bench.newTarget()
    mkdirSync(join(target, 'docs'), { recursive: true })
    const file = join(target, 'docs/keep.txt')
    writeFileSync(file, 'mine')
    expect(await restoreOver(target, 'never', ['docs'])).toMatchObject({ kept: 1, files: 2 })
    expect(readFileSync(file, 'utf8')).toBe('mine')
    expect(await restoreOver(target, 'older', ['docs/keep.txt'])).toMatchObject({ kept: 1, files: 0 })
    expect(readFileSync(file, 'utf8')).toBe('mine')
    utimesSync(file, new Date('2019-01-01'), new Date('2019-01-01'))
    expect(await restoreOver(target, 'older', ['docs/keep.txt'])).toMatchObject({ kept: 0, files: 1 })
    expect(readFileSync(file, 'utf8')).toBe('keep')
  })

  test('a link is replaced and never followed; a folder or file in the way is named and left', async () => {
    const target = bench.newTarget()
    const outside = bench.newTarget()
    mkdirSync(outside)
    mkdirSync(join(target, 'docs/keep.txt'), { recursive: true })
    writeFileSync(join(outside, 'precious'), 'precious')
    symlinkSync(join(outside, 'precious'), join(target, 'z-last'))
    symlinkSync(outside, join(target, 'a'))
    writeFileSync(join(target, 'x'), 'a file')
    const result = await restoreOver(target, 'always')
    expect(lstatSync(join(target, 'z-last')).isFile()).toBe(true)
    expect(readlinkSync(join(target, 'a'))).toBe(outside)
    expect(readdirSync(outside)).toEqual(['precious'])
    expect(readFileSync(join(outside, 'precious'), 'utf8')).toBe('precious')
    expect(lstatSync(join(target, 'docs/keep.txt')).isDirectory()).toBe(true)
    expect(result.warningList.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      expect.stringMatching(/^a: a link is in its way/),
      expect.stringMatching(/^docs\/keep.txt: a folder is in its way/),
      expect.stringMatching(/^x: a file is in its way/),
    ])
    // What something is in the way of is not there: that was not kept.
    expect(result.kept).toBe(0)
  })

  test('a hard link never leads to a file that was kept', async () => {
    const target = bench.newTarget()
    mkdirSync(join(target, 'a/b'), { recursive: true })
    writeFileSync(join(target, 'a/b/two'), 'mine')
    await restoreOver(target, 'never', ['a/b', 'x'])
    expect(readFileSync(join(target, 'a/b/two'), 'utf8')).toBe('mine')
    expect(readFileSync(join(target, 'x/hard-1'), 'utf8')).toBe('two')
    expect(lstatSync(join(target, 'x/hard-1')).ino).toBe(lstatSync(join(target, 'x/hard-2')).ino)
  })

  test('nor to a file that was kept in the place of a link that was to stand in for it', async () => {
    for (const kept of ['x/hard-1', 'x']) {
      const target = bench.newTarget()
      mkdirSync(target)
      if (kept === 'x/hard-1') mkdirSync(join(target, 'x'))
      writeFileSync(join(target, kept), 'mine')
      const { files, links } = await restoreOver(target, 'never', ['x/hard-1', 'x/hard-2'])
      expect(readFileSync(join(target, kept), 'utf8')).toBe('mine')
      if (kept === 'x') continue
      expect(readFileSync(join(target, 'x/hard-2'), 'utf8')).toBe('two')
      expect({ files, links }).toEqual({ files: 1, links: 0 })
    }
  })

  test('a folder that was there keeps its mode and time where nothing of it is to change; a new one gets the backup’s', async () => {
    const mode = (path: string) => lstatSync(path).mode & 0o7777
    const there = bench.newTarget()
    mkdirSync(there)
    chmodSync(there, 0o701)
    await restoreOver(there, 'never')
    expect(mode(there)).toBe(0o701)
    expect(mode(join(there, 'a/b'))).toBe(inner)
    for (const [overwrite, paths] of [
      ['never', []],
      ['older', ['a/b/two']],
    ] as const) {
      const target = bench.newTarget()
      await restoreOver(target, overwrite, [...paths])
      expect(mode(target)).toBe(mode(bench.source))
      expect(lstatSync(target).mtimeMs).toBe(in2020.getTime())
    }
  })

  test('what it had begun when it was interrupted has its mode, so that going on need not know whose it was', async () => {
    const target = bench.newTarget()
    mkdirSync(target)
    const backup = await bench.open('mine')
    const name = bench.name('mine', 'segments/1/3')
    const object = bench.store.objects.get(name) ?? Buffer.alloc(0)
    bench.store.objects.delete(name)
    const failed = await failureOf(restoreBackup({ backup, target, overwrite: 'never' }))
    bench.store.objects.set(name, object)
    expect(failed).toMatchObject({ code: 'integrity' })
    await restoreOver(target, 'never')
    const truth = describeTree(bench.source)
    const modes = (tree: Record<string, string>) =>
      Object.entries(tree).map(([path, facts]) => `${path} ${facts.split(',')[0]}`)
    expect(modes(describeTree(target)).slice(1)).toEqual(modes(truth).slice(1))
  })

  test('a damaged segment leaves what was there', async () => {
    const target = bench.newTarget()
    mkdirSync(join(target, 'a'), { recursive: true })
    writeFileSync(join(target, 'a/first'), 'mine')
    const backup = await bench.open('mine')
    const name = bench.name('mine', 'segments/1/1')
    const object = bench.store.objects.get(name) ?? Buffer.alloc(0)
    const damaged = Buffer.from(object)
    damaged.writeUInt8(damaged.readUInt8(1000) ^ 1, 1000)
    bench.store.objects.set(name, damaged)
    const error = await failureOf(restoreBackup({ backup, target, overwrite: 'always' }))
    bench.store.objects.set(name, object)
    expect(error).toMatchObject({ code: 'integrity', message: expect.stringMatching(/^Segment 1 /) })
    expect(readFileSync(join(target, 'a/first'), 'utf8')).toBe('mine')
    expect(readdirSync(join(target, 'a')).sort()).toEqual(['b', 'first'])
  })
})
