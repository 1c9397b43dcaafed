import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, renameSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { failureOf, SEGMENT, Workbench } from './backup-for-tests.ts'
import { resumable } from './interrupt-for-tests.ts'

// A disk that was mounted in the source is not mounted any more when a backup goes on: a folder of the same name lies there.

let bench: Workbench
beforeEach(() => {
  bench = new Workbench()
})
afterEach(() => bench.remove())

const message = expect.stringMatching(
  /^“b-disk\/inner” is another folder since an interruption .*: from byte \d+ of 524288 on the backup holds zeros$/,
)

test.each([0, 1])(
  'it is told, and what lies there by now is in the backup (after %i more interruptions)',
  async (more) => {
    const folder = join(bench.source, 'b-disk', 'inner')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'large'), randomBytes(8 * SEGMENT))
    writeFileSync(join(folder, 'more'), 'that nobody would miss')
    writeFileSync(join(bench.source, 'c-next'), randomBytes(1000))
    const run = await resumable(bench)
    await failureOf(run(5))
    renameSync(folder, join(bench.folder, 'elsewhere'))
    mkdirSync(join(folder, 'of-it'), { recursive: true })
    writeFileSync(join(folder, 'of-it', 'other'), randomBytes(8 * SEGMENT))
    writeFileSync(join(folder, 'small'), 'x')
    // In the other file, which is whole all the same.
    if (more > 0) await failureOf(run(12))
    expect((await run()).warningList).toEqual([{ path: 'b-disk/inner/large', message }])
    const tree = describeTree((await bench.restore('mine')).target)
    const truth = describeTree(bench.source)
    for (const name of ['./b-disk/inner/of-it/other', './b-disk/inner/small', './c-next'])
      expect(tree[name]).toBe(truth[name])
  },
)

test('the same folders, with all that has come and gone in them, are nothing to tell of', async () => {
  const folder = join(bench.source, 'b-disk', 'inner')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'large'), randomBytes(8 * SEGMENT))
  const run = await resumable(bench)
  await failureOf(run(5))
  writeFileSync(join(folder, 'new'), 'x')
  renameSync(join(bench.source, 'b-disk'), join(bench.source, 'moved'))
  renameSync(join(bench.source, 'moved'), join(bench.source, 'b-disk'))
  expect((await run()).warningList).toEqual([])
  const name = './b-disk/inner/large'
  expect(describeTree((await bench.restore('mine')).target)[name]).toBe(describeTree(bench.source)[name])
})

const another = '“b-disk/inner” is another folder since an interruption (was its disk mounted?): of what it held beyond'

test.each<[string, (folder: string) => void, string]>([
  ['is another one', (folder) => mkdirSync(folder), another],
  [
    'is gone',
    () => {},
    '“b-disk/inner” could not be read on after an interruption (it vanished (ENOENT)): what it holds',
  ],
])('its folder %s, and of the file itself something was told before: both are told', async (_, act, words) => {
  const folder = join(bench.source, 'b-disk', 'inner')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'large'), randomBytes(8 * SEGMENT))
  const run = await resumable(bench)
  await failureOf(run(5))
  truncateSync(join(folder, 'large'), 0)
  await failureOf(run(3))
  renameSync(folder, join(bench.folder, 'elsewhere'))
  act(folder)
  const both = expect.stringMatching(/^it shrank from 524288 to \d+ bytes while it was read, the rest is zeros; “/)
  const { warningList } = await run()
  expect(warningList).toEqual([{ path: 'b-disk/inner/large', message: both }])
  expect(warningList[0]?.message).toContain(`; ${words}`)
})

test('a folder above is another one and what it lay in is gone from there: both are told', async () => {
  const folder = join(bench.source, 'b-disk', 'inner')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'large'), randomBytes(8 * SEGMENT))
  const run = await resumable(bench)
  await failureOf(run(5))
  renameSync(join(bench.source, 'b-disk'), join(bench.folder, 'elsewhere'))
  mkdirSync(join(bench.source, 'b-disk'))
  const both = /^“b-disk” is another folder since .*; “b-disk\/inner” could not be read on after .* holds zeros$/
  expect((await run()).warningList).toEqual([{ path: 'b-disk/inner/large', message: expect.stringMatching(both) }])
})

test.each([0, 1])(
  'the same file in another folder is read on, and whole (after %i more interruptions)',
  async (more) => {
    const [disk, made] = [join(bench.source, 'b-disk'), join(bench.folder, 'made')]
    mkdirSync(join(disk, 'inner'), { recursive: true })
    writeFileSync(join(disk, 'inner', 'large'), randomBytes(8 * SEGMENT))
    const run = await resumable(bench)
    await failureOf(run(5))
    mkdirSync(made)
    renameSync(join(disk, 'inner'), join(made, 'inner'))
    renameSync(disk, join(bench.folder, 'elsewhere'))
    renameSync(made, disk)
    if (more > 0) await failureOf(run(3))
    const message = expect.stringMatching(/^“b-disk” is another folder since [^;]* is in the backup$/)
    expect((await run()).warningList).toEqual([{ path: 'b-disk/inner/large', message }])
    const name = './b-disk/inner/large'
    expect(describeTree((await bench.restore('mine')).target)[name]).toBe(describeTree(bench.source)[name])
  },
)

test('interrupted within a folder’s header: what lies in that of the other folder is in the backup', async () => {
  const HEADER = 1536
  const folder = join(bench.source, 'b-disk', 'inner')
  mkdirSync(folder, { recursive: true })
  // After this one’s header, that of the source and that of the disk, the third segment ends in the next.
  writeFileSync(join(bench.source, 'a-first'), randomBytes(3 * SEGMENT - 3 * HEADER - 512))
  writeFileSync(join(folder, 'large'), randomBytes(8 * SEGMENT))
  const run = await resumable(bench)
  await failureOf(run(4))
  renameSync(join(bench.source, 'b-disk'), join(bench.folder, 'elsewhere'))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'small'), 'x')
  const message = expect.stringMatching(/^“b-disk” is another folder since [^;]* is in the backup$/)
  expect((await run()).warningList).toEqual([{ path: 'b-disk/inner', message }])
  const name = './b-disk/inner/small'
  expect(describeTree((await bench.restore('mine')).target)[name]).toBe(describeTree(bench.source)[name])
})

test.each<[string, (folder: string) => void, unknown]>([
  [
    'another folder was told of',
    (folder) => {
      renameSync(folder, `${folder}-before`)
      mkdirSync(folder)
      renameSync(join(`${folder}-before`, 'of-it'), join(folder, 'of-it'))
      renameSync(`${folder}-before`, join(bench.folder, 'before'))
    },
    message,
  ],
  [
    'a named pipe took the file’s place',
    (folder) => {
      unlinkSync(join(folder, 'large'))
      execFileSync('mkfifo', [join(folder, 'large')])
    },
    expect.stringMatching(/^a named pipe has no content to back up: from byte /),
  ],
])('%s, and at the next interruption the folder is another one: told as well', async (_, act, first) => {
  const folder = join(bench.source, 'b-disk', 'inner')
  mkdirSync(join(folder, 'of-it'), { recursive: true })
  writeFileSync(join(folder, 'large'), randomBytes(8 * SEGMENT))
  writeFileSync(join(folder, 'of-it', 'other'), randomBytes(8 * SEGMENT))
  const run = await resumable(bench)
  await failureOf(run(5))
  act(folder)
  await failureOf(run(12))
  renameSync(folder, join(bench.folder, 'elsewhere'))
  mkdirSync(folder)
  const { warningList } = await run()
  expect(warningList).toEqual([
    { path: 'b-disk/inner/large', message: first },
    { path: 'b-disk/inner/of-it/other', message: expect.stringContaining(another) },
  ])
})
