import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { toBytePath } from './byte-path.ts'
import { openFolder } from './open-folder.ts'
import { LARGE, onFirstRead, packing, SEGMENT, warningOn } from './packing-for-tests.ts'
import { pathFilter } from './path-filter.ts'
import { describeTree } from './tree-for-tests.ts'

const { beside, inside, pack, unpackWithTar } = packing()

test('segments are equally long but the last, follow each other, and are a tar archive', async () => {
  for (const size of [0, 1, 511, 512, 513, SEGMENT - 1536, SEGMENT - 512, SEGMENT, SEGMENT + 1, LARGE])
    writeFileSync(inside(`file-${size}`), 'x'.repeat(size))
  const { tar, pieces, offsets, items } = await pack()
  expect(pieces.slice(0, -1).every((piece) => piece.length === SEGMENT)).toBe(true)
  expect(offsets).toEqual(pieces.map((_, i) => i * SEGMENT))
  expect(tar.length % 512).toBe(0)
  for (const item of items)
    if (item.type === 'file')
      expect(tar.subarray(item.data, item.data + item.size).every((byte) => byte === 0x78)).toBe(true)
  expect(unpackWithTar(tar)).toEqual(describeTree(inside()))
})

test('the order is the same however the names were made: byte order, each folder before what it holds', async () => {
  for (const name of ['b', 'B', 'a-', 'a', 'é', '~', '10', '9']) mkdirSync(inside(name))
  for (const name of ['a/z', 'a/y']) writeFileSync(inside(name), '')
  const { items } = await pack()
  const order = ['.', '10', '9', 'B', 'a', 'a/y', 'a/z', 'a-', 'b', '~', toBytePath('é')]
  expect(items.map((item) => item.path)).toEqual(order)
})

test.skipIf(process.platform !== 'linux')('a path far longer than the system takes at once is kept', async () => {
  const depth = 1000
  let deepest = openFolder(toBytePath(inside()))
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
  execFileSync('mkfifo', [inside('pipe')])
  symlinkSync('.', inside('circle'))
  symlinkSync('self', inside('self'))
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(inside('socket'), resolve))
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
  writeFileSync(inside('lent'), 'content')
  const lender = spawn('python3', ['-c', LENDER, inside('lent')])
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
  mkdirSync(inside('cache/deep'), { recursive: true })
  writeFileSync(inside('kept'), '')
  const asked: string[] = []
  const filter = (path: string) => (asked.push(path) > 0 && path === 'cache' ? 'pass' : 'take')
  const { items } = await pack({ filter })
  expect(items.map((item) => item.path)).toEqual(['.', 'kept'])
  expect(asked).toEqual(['cache', 'kept'])
})

test.each([
  ['all of it', undefined],
  ['all but some', pathFilter([], ['*.tmp'])],
  ['some alone, which a folder may hold', pathFilter(['public', 'private'], [])],
])('what may not be read is named, of %s', async (_, filter) => {
  mkdirSync(inside('locked'), { mode: 0o000 })
  writeFileSync(inside('private'), 'private', { mode: 0o000 })
  writeFileSync(inside('public'), 'public')
  // Root may read everything: be somebody else for a moment.
  const root = process.geteuid?.() === 0
  if (root) execFileSync('chmod', ['755', beside()])
  if (root) process.seteuid?.(65_534)
  const { items } = await pack({ ...(filter && { filter }) }).finally(() => root && process.seteuid?.(0))
  expect(warningOn(items, 'private')).toBe('permission denied (EACCES)')
  expect(warningOn(items, 'locked')).toBe('permission denied (EACCES)')
  expect(warningOn(items, 'public')).toBeUndefined()
  chmodSync(inside('locked'), 0o700) // so that it can be removed
})

test('a file with several names is stored once, and only names within the source count', async () => {
  writeFileSync(inside('a'), 'x'.repeat(1000))
  linkSync(inside('a'), inside('b'))
  linkSync(inside('a'), beside('outside'))
  writeFileSync(beside('only-outside'), '')
  linkSync(beside('only-outside'), inside('c'))
  const { items } = await pack()
  const types = items.map(({ path, type }) => `${path} ${type}`)
  expect(types).toEqual(['. folder', 'a file', 'b hardlink', 'c file'])
  expect(items.find((item) => item.path === 'b')).toMatchObject({ target: 'a', size: 0 })
})

test('stops when it is told to', async () => {
  writeFileSync(inside('large'), 'x'.repeat(LARGE))
  const controller = new AbortController()
  const stop = onFirstRead('large', () => controller.abort(new Error('stopped by hand')))
  await expect(pack({ ...stop, signal: controller.signal })).rejects.toThrow('stopped by hand')
})
