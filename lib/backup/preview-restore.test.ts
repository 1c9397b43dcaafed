import { linkSync, lutimesSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { overwrites } from '#lib/archive/overwrite.ts'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { failureOf, Workbench } from './backup-for-tests.ts'
import { type PreviewedEntry, previewRestore, type RestorePreviewOptions } from './preview-restore.ts'
import { restoreBackup } from './restore-backup.ts'

let bench: Workbench
beforeEach(async () => {
  bench = new Workbench()
  const at = (name: string) => join(bench.source, name)
  for (const folder of ['a', 'b', 'b/in', 'c', 'e']) mkdirSync(at(folder))
  for (const name of ['a/older', 'a/newer', 'a/new', 'b/in/file', 'c/is-folder', 'e/first'])
    writeFileSync(at(name), name)
  for (const name of ['a/older', 'a/newer']) utimesSync(at(name), 1_600_000_000, 1_600_000_000)
  linkSync(at('e/first'), at('e/second'))
  symlinkSync('older', at('a/soft'))
  await bench.backUp('mine')
})
afterEach(() => bench.remove())

/** A folder in which something is in the way of nearly everything. */
function occupied(): string {
  const target = bench.newTarget()
  const at = (name: string) => join(target, name)
  for (const folder of ['', 'a', 'c', 'c/is-folder', 'e']) mkdirSync(at(folder))
  for (const name of ['a/older', 'a/newer', 'e/first', 'own']) writeFileSync(at(name), 'mine')
  symlinkSync('nowhere', at('a/soft'))
  writeFileSync(at('b'), 'a file where a folder would be')
  utimesSync(at('a/older'), 1_500_000_000, 1_500_000_000)
  lutimesSync(at('a/soft'), 1_500_000_000, 1_500_000_000)
  return target
}

async function preview(options: Omit<RestorePreviewOptions, 'backup' | 'draft'>) {
  const entries: PreviewedEntry[] = []
  const backup = await bench.open('mine')
  const draft = options.overwrite === undefined
  const fetched: string[] = []
  const read: typeof backup.store.read = (key, ...rest) => {
    fetched.push(key)
    return backup.store.read(key, ...rest)
  }
  const store = Object.assign(Object.create(backup.store), { read })
  const result = await previewRestore({ backup: { ...backup, store }, draft, ...options }, (entry) =>
    entries.push(entry),
  )
  expect(fetched.filter((key) => key.includes('/segments/'))).toEqual([])
  return { entries, result }
}

describe.each(overwrites)('--overwrite %s', (overwrite) => {
  test.each([[[]], [['a', 'c']], [['e/second', '*er', 'nothing-of-this']]])(
    'of %j: what is announced is what happens, and until then nothing does',
    async (paths) => {
      const target = occupied()
      const before = describeTree(target)
      const { result, entries } = await preview({ target, paths, overwrite })
      expect(describeTree(target)).toEqual(before)
      const { files, links, bytes, kept, warnings } = await restoreBackup({
        backup: await bench.open('mine'),
        target,
        paths,
        overwrite,
      })
      const replaced = entries.filter((entry) => 'becomes' in entry && entry.becomes === 'replaced').length
      expect(result).toEqual({ files, links, bytes, kept, warnings, replaced })
      const after = describeTree(target)
      for (const entry of entries) {
        if (entry.type === 'skipped' || entry.type === 'folder') continue
        const at = `./${entry.path}`
        const changed = after[at] !== before[at]
        if (entry.becomes === 'kept' || entry.becomes === 'blocked') expect(changed, entry.path).toBe(false)
        else expect(changed, entry.path).toBe(true)
        if (entry.becomes === 'new') expect(before[at], entry.path).toBeUndefined()
      }
    },
  )
})

test('each obstacle is named', async () => {
  const { entries } = await preview({ target: occupied(), overwrite: 'older' })
  const fates = Object.fromEntries(
    entries.map((entry) => [entry.path, 'becomes' in entry ? [entry.becomes, entry.warning ?? ''] : []]),
  )
  expect(fates).toMatchObject({
    'a/older': ['replaced', ''],
    'a/newer': ['kept', ''],
    'a/new': ['new', ''],
    'a/soft': ['replaced', ''],
    b: ['blocked', 'a file is in its way: that was left, and nothing of this folder was restored'],
    'b/in/file': ['blocked', ''],
    'c/is-folder': ['blocked', 'a folder is in its way: it was left, and this was not restored'],
  })
})

test('a target that a restore would refuse is refused, and one that it would make is not made', async () => {
  const target = bench.newTarget()
  expect((await preview({ target })).result).toMatchObject({ files: 6, links: 2, replaced: 0, kept: 0, warnings: 0 })
  expect(() => describeTree(target)).toThrow('ENOENT')
  const full = occupied()
  expect(await failureOf(preview({ target: full }))).toMatchObject({ message: `${full} is not empty.` })
  const nowhere = join(target, 'below')
  expect(await failureOf(preview({ target: nowhere }))).toMatchObject({ code: 'not-found' })
  rmSync(full, { recursive: true })
  writeFileSync(full, '')
  expect(await failureOf(preview({ target: full, overwrite: 'always' }))).toMatchObject({ code: 'invalid' })
})
