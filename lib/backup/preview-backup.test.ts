import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { failureOf, folderSource, Workbench } from './backup-for-tests.ts'
import { EntryIndex } from './entry-index.ts'
import { type PreviewedItem, previewBackup } from './preview-backup.ts'

let bench: Workbench
beforeEach(() => {
  bench = new Workbench()
  const at = (name: string) => join(bench.source, name)
  for (const folder of ['docs', 'docs/old', 'cache', 'cache/deep', 'logs']) mkdirSync(at(folder))
  writeFileSync(at('docs/one.txt'), 'one')
  writeFileSync(at('docs/old/two.txt'), 'two two')
  writeFileSync(at('docs/three.tmp'), 'three')
  writeFileSync(at('cache/deep/four.txt'), 'four')
  writeFileSync(at('logs/five.log'), 'five')
  linkSync(at('docs/one.txt'), at('docs/one-more.txt'))
  symlinkSync('one.txt', at('docs/soft.txt'))
  execFileSync('mkfifo', [at('docs/pipe.txt')])
})
afterEach(() => bench.remove())

async function preview(patterns: { include?: string[]; exclude?: string[] } = {}) {
  const items: PreviewedItem[] = []
  const place = { kind: 'folder' as const, path: bench.source, include: [], exclude: [], ...patterns }
  const totals = await previewBackup(place, (item) => void items.push(item))
  return { items, totals }
}

test.each<[string, { include?: string[]; exclude?: string[] }]>([
  ['without patterns', {}],
  ['without what a pattern matches', { exclude: ['cache', '*.tmp'] }],
  ['of what a pattern matches alone', { include: ['*.txt'] }],
  ['with both', { include: ['/docs', '*.log'], exclude: ['old/', 'one.txt'] }],
])('a backup %s holds what its dry run says', async (_, patterns) => {
  const { items, totals } = await preview(patterns)
  const written = await bench.backUp('mine', { source: folderSource(bench.source, patterns) })
  const { files, folders, links, bytes, warnings } = written
  expect(totals).toMatchObject({ files, folders, links, bytes, warnings })
  const held = []
  for await (const entry of new EntryIndex(await bench.open('mine')).from('')) held.push([entry.type, entry.path])
  const shown = items.filter(({ type }) => type !== 'left out').map(({ type, path }) => [type, path])
  expect(shown.sort()).toEqual(held.sort())
})

test('what patterns leave out is named with the pattern, a folder once for all that it holds', async () => {
  const { items, totals } = await preview({ include: ['*.txt', '*.tmp'], exclude: ['cache', '*.tmp'] })
  expect(items.filter(({ type }) => type === 'left out').sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
    { type: 'left out', path: 'cache', isFolder: true, pattern: 'cache' },
    { type: 'left out', path: 'docs/three.tmp', isFolder: false, pattern: '*.tmp' },
    { type: 'left out', path: 'logs/five.log', isFolder: false, pattern: undefined },
  ])
  expect(totals.leftOut).toBe(3)
})

test('where nothing would be backed up, the dry run warns as the backup does', async () => {
  const { items, totals } = await preview({ include: ['*.misspelt'] })
  const written = await bench.backUp('mine', { source: folderSource(bench.source, { include: ['*.misspelt'] }) })
  expect(written).toMatchObject({ files: 0, links: 0 })
  expect(totals).toMatchObject({ files: 0, links: 0, warnings: 1 })
  const message = 'nothing would be backed up: it is empty, or its patterns leave everything out'
  expect(items.at(-1)).toEqual({ type: 'skipped', path: bench.source, warning: message })
})

test('it ends when nobody reads any more', async () => {
  const seen: string[] = []
  const place = { kind: 'folder' as const, path: bench.source, include: [], exclude: [] }
  await previewBackup(
    place,
    ({ path }) => void seen.push(path),
    () => seen.length < 2,
  )
  expect(seen).toHaveLength(2)
})

test('a single file, and one that is not there', async () => {
  const path = join(bench.source, 'docs/one.txt')
  expect(await previewBackup({ kind: 'file', path }, () => {})).toMatchObject({ files: 1, bytes: 3, leftOut: 0 })
  const gone = previewBackup({ kind: 'file', path: `${path}-not` }, () => {})
  expect(await failureOf(gone)).toMatchObject({ code: 'not-found' })
})
