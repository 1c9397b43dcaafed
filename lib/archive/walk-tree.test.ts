import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { toBytePath } from './byte-path.ts'
import { openFolder } from './open-folder.ts'
import { walkTree } from './walk-tree.ts'

// A file system that gives a name twice cannot be had everywhere: its listing is put in.
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  const readdirSync = (...asked: Parameters<typeof fs.readdirSync>) => {
    const items = fs.readdirSync(...asked)
    return [...items, ...items]
  }
  return { ...fs, readdirSync }
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
