import { randomBytes } from 'node:crypto'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
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
