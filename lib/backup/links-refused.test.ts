import { linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Workbench } from './backup-for-tests.ts'
import { restoreBackup } from './restore-backup.ts'

// A disk that refuses links cannot be had everywhere: what the system answers there is put in.
vi.mock(import('node:fs'), async (original) => {
  const fs = await original()
  return { ...fs, linkSync: vi.fn(fs.linkSync), symlinkSync: vi.fn(fs.symlinkSync) }
})

let bench: Workbench
beforeEach(() => {
  bench = new Workbench()
})
afterEach(() => {
  bench.remove()
  vi.mocked(linkSync).mockReset()
  vi.mocked(symlinkSync).mockReset()
})

const names = ['0', '1', '2', '3', '4', '5', '6']
const content = 'of all the names'

/** As a disk does that lets a file have so many names. */
async function allow(most: number, code: string): Promise<void> {
  const { linkSync: link } = await vi.importActual<typeof import('node:fs')>('node:fs')
  vi.mocked(linkSync).mockImplementation((existing, path) => {
    if (lstatSync(existing).nlink >= most) throw Object.assign(new Error(code), { code, syscall: 'link' })
    link(existing, path)
  })
}

test.each([
  ['EMLINK', 3, undefined, 2],
  ['EMLINK', 3, 'always', 2],
  ['EPERM', 1, undefined, 6],
  ['EXDEV', 1, 'never', 6],
] as const)(
  'where links end with %s, after %i names, every name is there all the same (%s)',
  async (code, most, overwrite, refused) => {
    writeFileSync(join(bench.source, '0'), content)
    for (const name of names.slice(1)) linkSync(join(bench.source, '0'), join(bench.source, name))
    await bench.backUp('linked')
    const target = bench.newTarget()
    if (overwrite) mkdirSync(target)
    await allow(most, code)
    const result = await restoreBackup({ backup: await bench.open('linked'), target, overwrite })
    for (const name of names) expect(readFileSync(join(target, name), 'utf8')).toBe(content)
    expect(lstatSync(join(target, '6')).nlink).toBe(1)
    expect(result).toMatchObject({ files: 1 + refused, links: 6 - refused, warnings: refused })
    expect(result.warningList[0]?.message).toContain('restored as a file of its own')
  },
)

test.each([
  ['EPERM', undefined],
  ['ENOSYS', 'always'],
] as const)('a disk without symbolic links (%s) gets everything else, and a warning (%s)', async (code, overwrite) => {
  writeFileSync(join(bench.source, 'after'), content)
  symlinkSync('after', join(bench.source, 'a link'))
  await bench.backUp('linked')
  vi.mocked(symlinkSync).mockImplementation(() => {
    throw Object.assign(new Error(code), { code, syscall: 'symlink' })
  })
  const target = bench.newTarget()
  const result = await restoreBackup({ backup: await bench.open('linked'), target, overwrite })
  expect(readdirSync(target)).toEqual(['after'])
  expect(result).toMatchObject({ files: 1, links: 0, warnings: 1 })
  expect(result.warningList).toEqual([
    { path: 'a link', message: 'this disk takes no symbolic links: it was left out; it leads to after' },
  ])
})
