import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { toBytePath } from './byte-path.ts'
import { openFolder } from './open-folder.ts'
import { pathFilter } from './path-filter.ts'
import { walkTree } from './walk-tree.ts'

const disk = vi.hoisted(() => ({ knowsTypes: true, broken: '' }))
const refusal = (code: string) => Object.assign(new Error(code), { code })

// A file system that gives a name twice, or does not know what it lists, cannot be had everywhere: it is put in.
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  const readdirSync = (...asked: Parameters<typeof fs.readdirSync>) => {
    const [, options] = asked
    if (!disk.knowsTypes && typeof options === 'object' && options?.withFileTypes) throw refusal('ENOENT')
    const items = fs.readdirSync(...asked)
    return [...items, ...items]
  }
  const lstatSync = (...asked: Parameters<typeof fs.lstatSync>) => {
    if (disk.broken !== '' && String(asked[0]).endsWith(disk.broken)) throw refusal('EIO')
    return fs.lstatSync(...asked)
  }
  return { ...fs, readdirSync, lstatSync }
})

test('a name that a listing gives twice is found once', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'walk-tree-')))
  try {
    mkdirSync(join(folder, 'inner'))
    for (const name of ['a', 'inner/b', 'z']) writeFileSync(join(folder, name), name)
    const root = openFolder(toBytePath(folder))
    expect([...walkTree(root)].map(({ path }) => path)).toEqual(['.', 'a', 'inner', 'inner/b', 'z'])
    root.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.each([
  ['all but notes', [], ['notes'], ['.', 'inner', 'inner/b.jpg']],
  ['pictures alone', ['*.jpg'], [], ['.', 'inner', 'inner/b.jpg']],
] as const)('what a disk that knows no types cannot look at is named, of %s', (_, include, exclude, others) => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'walk-tree-')))
  Object.assign(disk, { knowsTypes: false, broken: '/bad' })
  try {
    mkdirSync(join(folder, 'inner'))
    for (const name of ['bad', 'inner/b.jpg', 'notes']) writeFileSync(join(folder, name), name)
    const root = openFolder(toBytePath(folder))
    const found = [...walkTree(root, { filter: pathFilter(include, exclude) })]
    root.close()
    expect(found).toContainEqual({ type: 'skipped', path: 'bad', warning: 'the disk reported a read error (EIO)' })
    expect(found.map(({ path }) => path).filter((path) => path !== 'bad')).toEqual(others)
  } finally {
    Object.assign(disk, { knowsTypes: true, broken: '' })
    rmSync(folder, { recursive: true })
  }
})
