import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { toBytePath } from './byte-path.ts'
import type { Entry } from './entry.ts'
import { entry, mtimeNs } from './entry-for-tests.ts'
import { openFolder } from './open-folder.ts'
import { removeTree } from './remove-tree.ts'
import { TreeWriter } from './restore-tree.ts'

let folder: string
let target: string
let outside: string
let warnings: string[]
let tree: TreeWriter
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'restore-tree-')))
  target = join(folder, 'target')
  outside = join(folder, 'outside')
  mkdirSync(target)
  mkdirSync(outside)
  writeFileSync(join(outside, 'precious'), 'precious')
  warnings = []
  tree = new TreeWriter(openFolder(toBytePath(target)), (path, message) => warnings.push(`${path}: ${message}`))
})
afterEach(async () => {
  tree.close()
  await removeTree(toBytePath(folder))
})

async function* content(...pieces: string[]): AsyncGenerator<Buffer> {
  for (const piece of pieces) yield Buffer.from(piece)
}
const add = (given: Entry, ...pieces: string[]) => tree.add(given, content(...pieces))

test('files, folders and links, with modes and times set last', async () => {
  await add(entry('folder', '.', { mode: 0o700 }))
  await add(entry('folder', 'closed', { mode: 0o500 }))
  await add(entry('file', 'closed/file', { mode: 0o400 }), 'first ', 'second')
  await add(entry('hardlink', 'hard', { target: 'closed/file' }))
  await add(entry('symlink', 'soft', { target: '/etc' }))
  tree.finish()
  expect(readFileSync(join(target, 'hard'), 'utf8')).toBe('first second')
  expect(lstatSync(join(target, 'closed')).mode & 0o7777).toBe(0o500)
  expect(readlinkSync(join(target, 'soft'))).toBe('/etc')
  for (const path of ['.', 'closed', 'closed/file', 'soft'])
    expect(lstatSync(join(target, path), { bigint: true }).mtimeNs, path).toBe(mtimeNs)
})

test('a time that the disk does not know is told', async () => {
  const inYear9999 = 253_402_300_799_000_000_001n
  await add(entry('file', 'late', { mtimeNs: inYear9999 }), 'x')
  await add(entry('file', 'early', { mtimeNs: -1_000_000_001n }), 'x')
  tree.finish()
  const timeOf = (name: string) => lstatSync(join(target, name), { bigint: true }).mtimeNs
  const unkept = [['late', inYear9999] as const, ['early', -1_000_000_001n] as const].filter(
    ([name, ns]) => timeOf(name) !== ns,
  )
  expect(warnings.map((warning) => warning.replace(/:.*/, ''))).toEqual(unkept.map(([name]) => name))
  for (const warning of warnings) expect(warning).toContain('does not keep its time: it has ')
})

describe('a hostile path writes nothing', () => {
  test.each([
    ['/etc/evil', 'is absolute or has an empty part'],
    ['../evil', 'has the part ".."'],
    ['a/../../evil', 'has the part ".."'],
    ['a/./evil', 'has the part "."'],
    ['a//evil', 'has an empty part'],
    ['evil/', 'has an empty part'],
    ['', 'has an empty part'],
    ['evil\0', 'holds a NUL'],
    ['..', 'has the part ".."'],
  ])('%j', async (path, reason) => {
    await add(entry('folder', 'a'))
    for (const type of ['file', 'folder', 'symlink', 'hardlink'] as const)
      await expect(add(entry(type, path, { target: 'a' }), 'evil')).rejects.toThrow(reason)
    expect(readdirSync(target)).toEqual(['a'])
    expect(readdirSync(join(target, 'a'))).toEqual([])
    expect(readdirSync(folder).sort()).toEqual(['outside', 'target'])
  })
})

describe('nothing is written through a link', () => {
  test('that the backup brings itself', async () => {
    await add(entry('symlink', 'way', { target: outside }))
    await expect(add(entry('file', 'way/evil'), 'evil')).rejects.toThrow('comes before the folder it lies in')
    await expect(add(entry('folder', 'way'))).rejects.toThrow('comes twice')
    await expect(add(entry('file', 'way'), 'evil')).rejects.toThrow('comes twice')
    await expect(add(entry('hardlink', 'hard', { target: 'way/precious' }))).rejects.toThrow('no file of this backup')
    await expect(add(entry('hardlink', 'hard', { target: 'way' }))).rejects.toThrow('no file of this backup')
    expect(readdirSync(outside)).toEqual(['precious'])
    expect(readFileSync(join(outside, 'precious'), 'utf8')).toBe('precious')
  })

  test('that somebody puts in place of a folder meanwhile', async () => {
    await add(entry('folder', 'way'))
    await add(entry('file', 'way/first'), 'first')
    rmSync(join(target, 'way'), { recursive: true })
    symlinkSync(outside, join(target, 'way'))
    await expect(add(entry('file', 'way/evil'), 'evil')).rejects.toThrow()
    await expect(add(entry('hardlink', 'hard', { target: 'way/precious' }))).rejects.toThrow('no file of this backup')
    expect(readdirSync(outside)).toEqual(['precious'])
  })

  test('hard links lead to nothing outside', async () => {
    for (const link of ['../outside/precious', join(outside, 'precious'), '.', 'missing', ''])
      await expect(add(entry('hardlink', 'hard', { target: link })), link).rejects.toMatchObject({ code: 'integrity' })
    expect(existsSync(join(target, 'hard'))).toBe(false)
  })
})

test('what comes twice, or before its folder, is refused by name', async () => {
  await add(entry('folder', 'folder'))
  await add(entry('file', 'file'), 'first')
  for (const type of ['file', 'folder', 'symlink'] as const)
    for (const path of ['folder', 'file'])
      await expect(add(entry(type, path, { target: 'x' }), 'second')).rejects.toThrow(`"${path}", which comes twice`)
  await expect(add(entry('file', 'later/file'), 'x')).rejects.toThrow('"later/file", which comes before the folder')
  await expect(add(entry('file', 'file/file'), 'x')).rejects.toThrow('"file/file", which comes before the folder')
  await expect(add(entry('file', '.'), 'x')).rejects.toThrow('root')
  expect(readFileSync(join(target, 'file'), 'utf8')).toBe('first')
})

test('a file whose content fails has no name, whole or in part', async () => {
  async function* failing(): AsyncGenerator<Buffer> {
    yield Buffer.from('begun')
    throw new Error('the second segment was damaged')
  }
  await expect(tree.add(entry('file', 'file'), failing())).rejects.toThrow('the second segment was damaged')
  expect(readdirSync(target)).toEqual([])
})

test.runIf(process.getuid?.() === 0)('root restores set-user-ID bits and owners', async () => {
  await add(entry('file', 'file', { mode: 0o6751, uid: 12_345, gid: 54_321 }), 'x')
  expect(lstatSync(join(target, 'file'))).toMatchObject({ mode: 0o106751, uid: 12_345, gid: 54_321 })
  expect(warnings).toEqual([])
})

test('everybody else loses set-user-ID bits, with a warning', async () => {
  // The constructor asks who runs it.
  const getuid = process.getuid
  process.getuid = () => 1000
  try {
    const other = new TreeWriter(openFolder(toBytePath(target)), (path, message) =>
      warnings.push(`${path}: ${message}`),
    )
    await other.add(entry('file', 'file', { mode: 0o6751, uid: 12_345 }), content('x'))
    other.finish()
  } finally {
    process.getuid = getuid
  }
  expect(lstatSync(join(target, 'file'))).toMatchObject({ mode: 0o100751, uid: process.getuid?.() ?? 0 })
  expect(warnings).toEqual(['file: its set-user-ID and set-group-ID bits were left out: only root restores them'])
})

describe.runIf(process.getuid?.() === 0)('somebody who is not root, over what is there', () => {
  const nobody = 65_534
  const asNobody = async (work: (tree: TreeWriter) => Promise<void>) => {
    const { getuid } = process
    chownSync(folder, nobody, nobody)
    process.getuid = () => nobody
    process.seteuid?.(nobody)
    const other = new TreeWriter(
      openFolder(toBytePath(target)),
      (path, message) => warnings.push(`${path}: ${message}`),
      { overwrite: 'always' },
    )
    try {
      await work(other)
    } finally {
      other.close()
      process.seteuid?.(0)
      process.getuid = getuid
    }
  }

  test('writes again into a folder that an earlier attempt finished as read-only', async () => {
    mkdirSync(join(target, 'closed'))
    writeFileSync(join(target, 'closed', 'file'), 'first')
    chmodSync(join(target, 'closed'), 0o500)
    for (const path of ['.', 'closed', 'closed/file']) chownSync(join(target, path), nobody, nobody)
    await asNobody(async (other) => {
      await other.add(entry('folder', '.'), content())
      await other.add(entry('folder', 'closed', { mode: 0o500 }), content())
      await other.add(entry('file', 'closed/file'), content('again'))
      other.finish()
    })
    expect(readFileSync(join(target, 'closed', 'file'), 'utf8')).toBe('again')
    expect(lstatSync(join(target, 'closed')).mode & 0o7777).toBe(0o500)
    expect(warnings).toEqual([])
  })

  test('root that may not give this owner, as in a container, is told what to do', async () => {
    for (const path of [folder, target]) chownSync(path, nobody, nobody)
    process.seteuid?.(nobody)
    const other = new TreeWriter(openFolder(toBytePath(target)), () => {})
    try {
      for (const [type, path] of [
        ['file', 'file'],
        ['symlink', 'soft'],
      ] as const)
        await expect(other.add(entry(type, path, { uid: 12_345, target: 'x' }), content('x'))).rejects.toMatchObject({
          code: 'denied',
          message: expect.stringContaining(`"${path}" cannot be given its owner, 12345:`),
          fix: expect.stringContaining('other than root'),
        })
    } finally {
      other.close()
      process.seteuid?.(0)
    }
  })

  test('leaves the mode of somebody else’s folder, says so, and goes on', async () => {
    mkdirSync(join(target, 'shared'))
    for (const path of ['.', 'shared']) chmodSync(join(target, path), 0o777)
    await asNobody(async (other) => {
      await other.add(entry('folder', '.'), content())
      await other.add(entry('folder', 'shared', { mode: 0o750 }), content())
      await other.add(entry('file', 'shared/file'), content('x'))
      await other.add(entry('file', 'z'), content('x'))
      other.finish()
    })
    expect(readFileSync(join(target, 'shared', 'file'), 'utf8')).toBe('x')
    expect(lstatSync(join(target, 'shared')).mode & 0o7777).toBe(0o777)
    expect(warnings).toEqual([
      expect.stringMatching(/^shared: .*belongs to somebody else/),
      expect.stringMatching(/^\.: .*belongs to somebody else/),
    ])
  })
})

test.each(['always', 'older', 'never'] as const)(
  'two names that are one on this disk, with %s: the second takes no place',
  async (overwrite) => {
    writeFileSync(join(target, 'before'), 'before')
    untilLaterThan(join(target, 'before'))
    tree = new TreeWriter(openFolder(toBytePath(target)), (path, message) => warnings.push(`${path}: ${message}`), {
      overwrite,
    })
    const newer = { mtimeNs: BigInt(Date.now() + 3600_000) * 1_000_000n }
    expect(await add(entry('file', 'a', { ...newer, size: 3 }), 'one')).toBe('written')
    // What such a disk has under the other name, too.
    linkSync(join(target, 'a'), join(target, 'A'))
    linkSync(join(target, 'a'), join(target, 'link'))
    const later = { mtimeNs: newer.mtimeNs + 1n }
    expect(await add(entry('file', 'A', { ...later, size: 3 }), 'two')).toBe('blocked')
    expect(await add(entry('symlink', 'link', { ...later, target: 'elsewhere' }))).toBe('blocked')
    expect(await add(entry('file', 'before', { ...newer, size: 3 }), 'now')).toBe(
      overwrite === 'never' ? 'kept' : 'written',
    )
    expect(readFileSync(join(target, 'a'), 'utf8')).toBe('one')
    expect(readFileSync(join(target, 'before'), 'utf8')).toBe(overwrite === 'never' ? 'before' : 'now')
    expect(warnings).toEqual([
      expect.stringMatching(/^A: .*another one/),
      expect.stringMatching(/^link: .*another one/),
    ])
  },
)

/** The disk's clock ticks every few milliseconds. */
function untilLaterThan(path: string): void {
  const made = (one: string) => lstatSync(one, { bigint: true }).birthtimeNs
  for (const probe = join(outside, 'probe'); ; rmSync(probe)) {
    writeFileSync(probe, '')
    if (made(probe) > made(path)) return
  }
}
