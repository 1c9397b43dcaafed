import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { toBytePath } from './byte-path.ts'
import type { Entry, SkippedItem } from './entry.ts'
import { HardLinks } from './hard-links.ts'
import { openFolder } from './open-folder.ts'
import { type PackOptions, TreePacker } from './pack-tree.ts'
import type { PathFilter } from './path-filter.ts'
import { SegmentCutter } from './segment-cutter.ts'
import { describeTree } from './tree-for-tests.ts'
import { walkTree } from './walk-tree.ts'

const SEGMENT = 64 * 1024
const LARGE = 5 * SEGMENT

let folder: string
let source: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'pack-tree-')))
  source = join(folder, 'source')
  mkdirSync(source)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface Hooks extends Pick<PackOptions, 'onRead' | 'signal'> {
  readonly filter?: PathFilter
}

async function pack({ filter, ...hooks }: Hooks = {}) {
  const pieces: Buffer[] = []
  const offsets: number[] = []
  const cutter = new SegmentCutter(SEGMENT, 2, ({ bytes, tarOffset, release }) => {
    pieces.push(Buffer.from(bytes))
    offsets.push(tarOffset)
    setImmediate(release)
  })
  const items: (Entry | SkippedItem)[] = []
  const opened = openFolder(toBytePath(source))
  try {
    const onItem = (item: Entry | SkippedItem) => void items.push(item)
    const packer = new TreePacker({ cutter, links: new HardLinks(), onItem, ...hooks })
    await packer.pack((start) => walkTree(opened, { filter, start }))
  } finally {
    opened.close()
  }
  return { tar: Buffer.concat(pieces), pieces, offsets, items }
}

function unpackWithTar(tar: Buffer): Record<string, string> {
  const target = join(folder, 'target')
  mkdirSync(target)
  execFileSync('tar', ['-xpf', '-', '-C', target], { input: tar })
  return describeTree(target)
}

const warningOn = (items: readonly (Entry | SkippedItem)[], path: string) =>
  items.find((item) => item.path === path)?.warning
/** Runs once, when the first bytes of the file have been read. */
function onFirstRead(path: string, act: () => void): Pick<PackOptions, 'onRead'> {
  let acted = false
  return {
    onRead: (read) => {
      if (read !== path || acted) return
      acted = true
      act()
    },
  }
}

test('segments are equally long but the last, follow each other, and are a tar archive', async () => {
  for (const size of [0, 1, 511, 512, 513, SEGMENT - 1536, SEGMENT - 512, SEGMENT, SEGMENT + 1, LARGE])
    writeFileSync(join(source, `file-${size}`), 'x'.repeat(size))
  const { tar, pieces, offsets, items } = await pack()
  expect(pieces.slice(0, -1).every((piece) => piece.length === SEGMENT)).toBe(true)
  expect(offsets).toEqual(pieces.map((_, i) => i * SEGMENT))
  expect(tar.length % 512).toBe(0)
  for (const item of items)
    if (item.type === 'file')
      expect(tar.subarray(item.data, item.data + item.size).every((byte) => byte === 0x78)).toBe(true)
  expect(unpackWithTar(tar)).toEqual(describeTree(source))
})

test('the order is the same however the names were made: byte order, each folder before what it holds', async () => {
  for (const name of ['b', 'B', 'a-', 'a', 'é', '~', '10', '9']) mkdirSync(join(source, name))
  for (const name of ['a/z', 'a/y']) writeFileSync(join(source, name), '')
  const { items } = await pack()
  const order = ['.', '10', '9', 'B', 'a', 'a/y', 'a/z', 'a-', 'b', '~', toBytePath('é')]
  expect(items.map((item) => item.path)).toEqual(order)
})

test.skipIf(process.platform !== 'linux')('a path far longer than the system takes at once is kept', async () => {
  const depth = 1000
  let deepest = openFolder(toBytePath(source))
  for (let level = 0; level < depth; level += 1) {
    mkdirSync(deepest.inside('folder'))
    const next = openFolder(deepest.inside('folder'))
    deepest.close()
    deepest = next
  }
  deepest.close()
  const { items } = await pack()
  expect(items).toHaveLength(depth + 1)
  expect(items.every((item) => item.type === 'folder')).toBe(true)
  expect(items.at(-1)?.path).toHaveLength(depth * 7 - 1)
})

test('sockets, pipes and links in a circle do not stop it', async () => {
  execFileSync('mkfifo', [join(source, 'pipe')])
  symlinkSync('.', join(source, 'circle'))
  symlinkSync('self', join(source, 'self'))
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(join(source, 'socket'), resolve))
  const { items, tar } = await pack()
  await new Promise((resolve) => server.close(resolve))
  expect(warningOn(items, 'pipe')).toBe('a named pipe has no content to back up')
  expect(warningOn(items, 'socket')).toBe('a socket has no content to back up')
  expect(Object.keys(unpackWithTar(tar))).toEqual(['.', './circle', './self'])
})

/** Holds a file as a file server does for a client, until somebody else opens it. */
const LENDER = `
import fcntl, os, signal, sys
fd = os.open(sys.argv[1], os.O_RDWR)
signal.signal(signal.SIGIO, lambda *_: fcntl.fcntl(fd, 1024, fcntl.F_UNLCK))
fcntl.fcntl(fd, 1024, fcntl.F_WRLCK)
print('held', flush=True)
sys.stdin.read()
`
const canLend = process.platform === 'linux' && spawnSync('python3', ['--version']).status === 0

test.skipIf(!canLend)('a file that a file server has lent to a client is asked for and waited for', async () => {
  writeFileSync(join(source, 'lent'), 'content')
  const lender = spawn('python3', ['-c', LENDER, join(source, 'lent')])
  try {
    await once(lender.stdout, 'data')
    const { items } = await pack()
    expect(items.at(-1)).toMatchObject({ type: 'file', path: 'lent', size: 7 })
    expect(items.at(-1)?.warning).toBeUndefined()
  } finally {
    lender.kill()
    await once(lender, 'exit')
  }
})

test('excluded folders are left out with all they hold', async () => {
  mkdirSync(join(source, 'cache/deep'), { recursive: true })
  writeFileSync(join(source, 'kept'), '')
  const asked: string[] = []
  const filter = (path: string) => (asked.push(path) > 0 && path === 'cache' ? 'pass' : 'take')
  const { items } = await pack({ filter })
  expect(items.map((item) => item.path)).toEqual(['.', 'kept'])
  expect(asked).toEqual(['cache', 'kept'])
})

describe('a file that is not what it was', () => {
  test('grew: its first bytes are kept', async () => {
    const path = join(source, 'log')
    writeFileSync(path, 'a'.repeat(LARGE))
    const { items, tar } = await pack(onFirstRead('log', () => appendFileSync(path, 'b'.repeat(1000))))
    expect(warningOn(items, 'log')).toBe(`it grew while it was read: the backup holds its first ${LARGE} bytes`)
    expect(unpackWithTar(tar)['./log']).toContain(`${LARGE} bytes`)
  })

  test('shrank: the rest is zeros and what follows is whole', async () => {
    const path = join(source, 'log')
    writeFileSync(path, 'a'.repeat(LARGE))
    writeFileSync(join(source, 'next'), 'next')
    const { items, tar } = await pack(onFirstRead('log', () => truncateSync(path, SEGMENT)))
    expect(warningOn(items, 'log')).toMatch(/^it shrank from 327680 to \d+ bytes while it was read, the rest is zeros$/)
    expect(warningOn(items, 'next')).toBeUndefined()
    const restored = unpackWithTar(tar)
    expect(restored['./log']).toContain(`${LARGE} bytes`)
    expect(restored['./next']).toBe(describeTree(source)['./next'])
  })

  test('changed and kept its size: said', async () => {
    const path = join(source, 'database')
    writeFileSync(path, 'a'.repeat(LARGE))
    utimesSync(path, 1, 1)
    const { items } = await pack(onFirstRead('database', () => writeFileSync(path, 'b'.repeat(LARGE), { flag: 'r+' })))
    expect(warningOn(items, 'database')).toMatch(/^it changed while it was read/)
  })

  test('changed and pretends that it did not: said', async () => {
    const path = join(source, 'database')
    writeFileSync(path, 'a'.repeat(LARGE))
    utimesSync(path, 1, 1)
    const change = () => {
      writeFileSync(path, 'b'.repeat(LARGE), { flag: 'r+' })
      utimesSync(path, 1, 1)
    }
    const { items } = await pack(onFirstRead('database', change))
    expect(warningOn(items, 'database')).toMatch(/^it changed while it was read/)
  })

  // The filter is asked after a folder was listed and before what it lists is opened.
  const justBefore = (path: string, act: () => void): Hooks => ({
    filter: (asked) => {
      if (asked === path) act()
      return 'take'
    },
  })

  test('vanished: left out and said', async () => {
    writeFileSync(join(source, 'a'), 'a')
    writeFileSync(join(source, 'b'), 'b')
    const { items, tar } = await pack(justBefore('a', () => unlinkSync(join(source, 'a'))))
    expect(items.find((item) => item.path === 'a')).toEqual({
      type: 'skipped',
      path: 'a',
      warning: 'it vanished (ENOENT)',
    })
    expect(Object.keys(unpackWithTar(tar))).toEqual(['.', './b'])
  })

  test('became a link: not followed', async () => {
    writeFileSync(join(folder, 'secret'), 'secret')
    writeFileSync(join(source, 'a'), 'a')
    const swap = () => {
      unlinkSync(join(source, 'a'))
      symlinkSync(join(folder, 'secret'), join(source, 'a'))
    }
    const { items, tar } = await pack(justBefore('a', swap))
    expect(warningOn(items, 'a')).toBe('it was replaced by a link while it was read (ELOOP)')
    expect(tar.includes('secret')).toBe(false)
  })

  test('became a pipe: not waited for', async () => {
    writeFileSync(join(source, 'a'), 'a')
    const swap = () => {
      unlinkSync(join(source, 'a'))
      execFileSync('mkfifo', [join(source, 'a')])
    }
    expect(warningOn((await pack(justBefore('a', swap))).items, 'a')).toBe(
      'it was replaced by a named pipe while it was read',
    )
  })

  test.skipIf(process.platform !== 'linux')('lies in a folder that became a link: still the folder’s own', async () => {
    mkdirSync(join(source, 'folder'))
    writeFileSync(join(source, 'folder/a'), 'mine')
    mkdirSync(join(folder, 'elsewhere'))
    writeFileSync(join(folder, 'elsewhere/a'), 'secret')
    const swap = () => {
      renameSync(join(source, 'folder'), join(folder, 'moved'))
      symlinkSync(join(folder, 'elsewhere'), join(source, 'folder'))
    }
    const { items, tar } = await pack(justBefore('folder/a', swap))
    expect(warningOn(items, 'folder/a')).toBeUndefined()
    expect(tar.includes('mine')).toBe(true)
    expect(tar.includes('secret')).toBe(false)
  })
})

test('what may not be read is named', async () => {
  mkdirSync(join(source, 'locked'), { mode: 0o000 })
  writeFileSync(join(source, 'private'), 'private', { mode: 0o000 })
  writeFileSync(join(source, 'public'), 'public')
  // Root may read everything: be somebody else for a moment.
  const root = process.geteuid?.() === 0
  if (root) execFileSync('chmod', ['755', folder])
  if (root) process.seteuid?.(65_534)
  const { items } = await pack().finally(() => root && process.seteuid?.(0))
  expect(warningOn(items, 'private')).toBe('permission denied (EACCES)')
  expect(warningOn(items, 'locked')).toBe('permission denied (EACCES)')
  expect(warningOn(items, 'public')).toBeUndefined()
  chmodSync(join(source, 'locked'), 0o700) // so that it can be removed
})

test('a file with several names is stored once, and only names within the source count', async () => {
  writeFileSync(join(source, 'a'), 'x'.repeat(1000))
  linkSync(join(source, 'a'), join(source, 'b'))
  linkSync(join(source, 'a'), join(folder, 'outside'))
  writeFileSync(join(folder, 'only-outside'), '')
  linkSync(join(folder, 'only-outside'), join(source, 'c'))
  const { items } = await pack()
  const types = items.map(({ path, type }) => `${path} ${type}`)
  expect(types).toEqual(['. folder', 'a file', 'b hardlink', 'c file'])
  expect(items.find((item) => item.path === 'b')).toMatchObject({ target: 'a', size: 0 })
})

test('stops when it is told to', async () => {
  writeFileSync(join(source, 'large'), 'x'.repeat(LARGE))
  const controller = new AbortController()
  const stop = onFirstRead('large', () => controller.abort(new Error('stopped by hand')))
  await expect(pack({ ...stop, signal: controller.signal })).rejects.toThrow('stopped by hand')
})
