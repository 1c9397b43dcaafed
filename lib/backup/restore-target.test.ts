import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fchownSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { mustGiveWay } from './anothers-folder.ts'
import { Workbench } from './backup-for-tests.ts'
import { asRoot } from './draft-bench-for-tests.ts'
import { lookAtTarget, prepareTarget } from './restore-target.ts'

// Disks without owners, and mount points, cannot be had everywhere: what the system answers there is put in.
const disk = vi.hoisted<{ owner: bigint | undefined; dev: bigint | undefined; type: number | undefined }>(() => ({
  owner: undefined,
  dev: undefined,
  type: undefined,
}))
vi.mock(import('node:fs'), async (original) => {
  const fs = await original()
  const { fchownSync, mkdirSync, rmdirSync } = fs
  const fstatSync = (fd: number) => {
    const stat = fs.fstatSync(fd, { bigint: true })
    return Object.assign(stat, { uid: disk.owner ?? stat.uid, dev: disk.dev ?? stat.dev })
  }
  const statfsSync = (path: string) => {
    const stat = fs.statfsSync(path)
    return Object.assign(stat, { type: disk.type ?? stat.type })
  }
  return {
    ...fs,
    fchownSync: vi.fn(fchownSync),
    fstatSync: fstatSync as typeof fs.fstatSync,
    mkdirSync: vi.fn(mkdirSync),
    rmdirSync: vi.fn(rmdirSync),
    statfsSync: statfsSync as typeof fs.statfsSync,
  }
})

let bench: Workbench
let target: string
beforeEach(() => {
  bench = new Workbench()
  target = bench.newTarget()
})
afterEach(() => {
  Object.assign(disk, { owner: undefined, dev: undefined, type: undefined })
  for (const mocked of [fchownSync, mkdirSync, rmdirSync]) vi.mocked(mocked).mockReset()
  bench.remove()
})

const refusal = (code: string) => () => {
  throw Object.assign(new Error(code), { code })
}

function strangersFolder(): void {
  mkdirSync(target)
  chmodSync(target, 0o775)
  chownSync(target, 12_345, 54_321)
}
const strangers = { uid: 12_345, gid: 54_321, mode: 0o040775 }

test.runIf(asRoot)('the empty folder of somebody else is replaced, and with it all that they gave it', () => {
  strangersFolder()
  const theirs = openSync(target, 'r')
  try {
    const { folder, isNew } = prepareTarget(target, target, 1, undefined)
    expect(isNew).toBe(true)
    // Of an open folder the number is not given to another one.
    expect(folder.stat.ino).not.toBe(fstatSync(theirs, { bigint: true }).ino)
    expect(lstatSync(target, { bigint: true }).ino).toBe(folder.stat.ino)
    expect(lstatSync(target)).toMatchObject({ uid: 0, mode: 0o040700 })
    folder.close()
  } finally {
    closeSync(theirs)
  }
})

test.runIf(asRoot)(
  'what failed before anything was restored gives the folder back; after it, nobody looks into it',
  () => {
    strangersFolder()
    const empty = prepareTarget(target, target, 1, undefined)
    empty.takeBack()
    empty.folder.close()
    expect(lstatSync(target)).toMatchObject(strangers)

    const begun = prepareTarget(target, target, 1, undefined)
    writeFileSync(join(target, 'a'), 'restored')
    begun.takeBack()
    begun.folder.close()
    expect(lstatSync(target)).toMatchObject({ uid: 0, mode: 0o040700 })
  },
)

test('one’s own folder has its mode again when nothing came into it', () => {
  mkdirSync(target)
  chmodSync(target, 0o755)
  const { folder, isNew, takeBack } = prepareTarget(target, target, 1, undefined)
  expect(isNew).toBe(false)
  expect(lstatSync(target).mode).toBe(0o040700)
  takeBack()
  folder.close()
  expect(lstatSync(target).mode).toBe(0o040755)
})

test.runIf(asRoot)('where a disk of somebody else is mounted: it stays as it is, and what to do is told', () => {
  strangersFolder()
  vi.mocked(rmdirSync).mockImplementation(refusal('EBUSY'))
  expect(() => prepareTarget(target, target, 1, undefined)).toThrow(
    /belongs to another user \(12345\), .* no new folder can take its place: it is in use, as where a disk is mounted \(EBUSY\)/,
  )
  expect(lstatSync(target)).toMatchObject(strangers)
  vi.mocked(rmdirSync).mockImplementation(refusal('ENOTEMPTY'))
  expect(() => prepareTarget(target, target, 1, undefined)).toThrow(/is not empty/)
})

test.runIf(asRoot)('nobody but root replaces it: they could not give it back', () => {
  strangersFolder()
  const geteuid = vi.spyOn(process, 'geteuid').mockReturnValue(4242)
  expect(() => prepareTarget(target, target, 1, undefined)).toThrow(/belongs to another user \(12345\), who could read/)
  geteuid.mockRestore()
  expect(lstatSync(target)).toMatchObject(strangers)
})

test.runIf(asRoot)('one that was removed and cannot be made again: it is said that it is gone', async () => {
  const { mkdirSync: make } = await vi.importActual<typeof import('node:fs')>('node:fs')
  strangersFolder()
  // The first only sees that there is one.
  vi.mocked(mkdirSync).mockImplementationOnce(make).mockImplementation(refusal('ENOSPC'))
  expect(() => prepareTarget(target, target, 1, undefined)).toThrow(
    new RegExp(
      `^${target} is gone\\. It was empty .* \\(12345\\), so it was removed; .* no space is left .*\\(ENOSPC\\)`,
    ),
  )
  expect(existsSync(target)).toBe(false)
})

test.runIf(asRoot)(
  'one that was replaced by a folder that cannot be opened: it is not said that it is gone',
  async () => {
    const { mkdirSync: make } = await vi.importActual<typeof import('node:fs')>('node:fs')
    strangersFolder()
    vi.mocked(mkdirSync)
      .mockImplementationOnce(make)
      .mockImplementationOnce((at) => void symlinkSync('elsewhere', at))
    expect(() => prepareTarget(target, target, 1, undefined)).toThrow(
      new RegExp(
        `^${target} was empty .* \\(12345\\), so a new folder took its place; .* cannot be opened: .*\\(ENOTDIR\\)`,
      ),
    )
  },
)

describe.runIf(asRoot)('a look at it changes nothing, and says what a restore does', () => {
  const look = (draft: boolean) => {
    const state = () => {
      const { ino, ctimeNs, mode } = lstatSync(target, { bigint: true })
      return { ino, ctimeNs, mode }
    }
    const before = state()
    const { folder, replacesFolderOf } = lookAtTarget(target, 1, { overwrite: undefined, draft })
    folder?.close()
    expect(state()).toEqual(before)
    return replacesFolderOf
  }
  const as = (uid: number) => vi.spyOn(process, 'geteuid').mockReturnValue(uid)
  afterEach(() => void vi.restoreAllMocks())

  test.each([false, true])(
    'one’s own, or a disk’s that gives all to one owner: nothing to say (draft: %s)',
    (draft) => {
      mkdirSync(target)
      expect(look(draft)).toBeUndefined()
      if (draft) return
      for (const type of [0x4d44, 0x786f4256]) {
        Object.assign(disk, { owner: 4242n, type })
        expect(look(draft)).toBeUndefined()
      }
    },
  )

  test.each([false, true])('for root it is replaced (draft: %s)', (draft) => {
    strangersFolder()
    expect(look(draft)).toBe(12_345n)
  })

  test('into a folder that others may change it is refused as the restore refuses', () => {
    strangersFolder()
    as(4242)
    for (const refused of [() => look(false), () => prepareTarget(target, target, 1, undefined)])
      expect(refused).toThrow(
        /belongs to another user \(12345\), who could read and change what is restored into it\.$/,
      )
  })

  test('a disk that is mounted there cannot make way', () => {
    strangersFolder()
    disk.dev = 1n
    expect(() => look(false)).toThrow(
      /no new folder can take its place: it is in use, as where a disk is mounted \(EBUSY\)/,
    )
  })

  test('what is written beside it takes its place, unless their folder lies where each takes away only their own', () => {
    strangersFolder()
    as(4242)
    expect(look(true)).toBe(12_345n)
    chmodSync(bench.folder, 0o1777)
    for (const refused of [() => look(true), () => mustGiveWay(target)])
      expect(refused).toThrow(/lets only them take it away, so no restored folder can take its place/)
    as(lstatSync(bench.folder).uid)
    expect(look(true)).toBe(12_345n)
    as(12_345)
    expect(look(true)).toBeUndefined()
  })
})

test.runIf(asRoot)('a folder that somebody puts in place of the one just made is not restored into', async () => {
  const { mkdirSync: make } = await vi.importActual<typeof import('node:fs')>('node:fs')
  vi.mocked(mkdirSync).mockImplementation((path, options) => {
    make(path, options)
    chownSync(path, 12_345, 54_321)
    return undefined
  })
  expect(() => prepareTarget(target, target, 1, undefined)).toThrow(/Somebody else replaced/)
})

test.each([false, true])(
  'a disk that gives all to one owner (FAT, a file server that squashes root): it is ours (was there: %s)',
  (isThere) => {
    if (isThere) mkdirSync(target)
    disk.owner = 4242n
    vi.mocked(fchownSync).mockImplementation(refusal('EPERM'))
    const { folder, isNew } = prepareTarget(target, target, 1, undefined)
    folder.close()
    expect(isNew).toBe(!isThere)
    expect(readdirSync(target)).toEqual([])
  },
)

test('only the very folder that was made is removed', () => {
  const first = prepareTarget(target, target, 1, undefined)
  renameSync(target, `${target}-moved`)
  mkdirSync(target)
  first.takeBack()
  first.folder.close()
  expect(existsSync(target)).toBe(true)
})

test.runIf(existsSync('/proc/self/fd'))('nothing is removed through a link that comes above it', () => {
  const parent = join(bench.folder, 'parent')
  mkdirSync(parent)
  const inside = join(parent, 'restored')
  const { folder, takeBack } = prepareTarget(inside, inside, 1, undefined)
  renameSync(parent, `${parent}-moved`)
  symlinkSync(`${parent}-moved`, parent)
  takeBack()
  folder.close()
  expect(readdirSync(`${parent}-moved`)).toEqual(['restored'])
})
