import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ObjectStore, ReadOptions } from '#lib/storage/object-store.ts'
import { failureOf, SEGMENT, Workbench } from './backup-for-tests.ts'
import { EntryIndex } from './entry-index.ts'
import { restoreBackup } from './restore-backup.ts'
import { TarReader } from './tar-reader.ts'
import { toldAhead } from './told-ahead.ts'

let bench: Workbench
let content: Buffer
/** Where the file's content begins in the tar stream. */
let data: number
beforeEach(async () => {
  bench = new Workbench()
  content = randomBytes(10 * SEGMENT)
  writeFileSync(join(bench.source, 'file'), content)
  await bench.backUp('mine', { protection: { method: 'none' } })
  const backup = await bench.open('mine', { protection: { method: 'none' } })
  for await (const item of new EntryIndex(backup).from('')) if (item.type === 'file') data = item.data
})
afterEach(() => bench.remove())

async function readAll(reader: TarReader, offset: number, size: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of reader.read(offset, size)) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** And what it has fetched, by the numbers of the segments. */
async function countingReader(ahead: number) {
  const backup = await bench.open('mine', { protection: { method: 'none' } })
  const fetched: string[] = []
  const { store } = bench
  const counting = Object.assign(Object.create(store), {
    read: (key: string, max: number) => {
      fetched.push(key.slice(key.lastIndexOf('/') + 1))
      return store.read(key, max)
    },
  })
  return { reader: new TarReader({ ...backup, store: counting }, ahead), fetched }
}

test('reads any range, forward, and fetches each segment once', async () => {
  const { reader, fetched } = await countingReader(2)
  for (const [from, to] of [
    [0, 10],
    [10, 20],
    [SEGMENT - 1, SEGMENT + 1],
    [3 * SEGMENT, 5 * SEGMENT],
  ] as const) {
    const read = await readAll(reader, data + from, to - from)
    expect(read.equals(content.subarray(from, to))).toBe(true)
  }
  expect(await readAll(reader, data + 5 * SEGMENT, 0)).toHaveLength(0)
  // Nothing that nobody asked for.
  expect(fetched).toEqual(['0', '1', '3', '4', '5'])
})

test('never goes back', async () => {
  const reader = new TarReader(await bench.open('mine', { protection: { method: 'none' } }), 2)
  await readAll(reader, 5 * SEGMENT, 10)
  await expect(readAll(reader, 0, 10)).rejects.toMatchObject({ code: 'integrity' })
})

test('fetches as far ahead as it may of what it is told of, whatever lies between', async () => {
  const { reader, fetched } = await countingReader(3)
  reader.want(data, 10)
  expect(reader.toldEnough(data + 10)).toBe(false)
  reader.want(data + 10, 2 * SEGMENT)
  reader.want(data + 6 * SEGMENT, 3 * SEGMENT)
  expect(reader.toldEnough(data + 10)).toBe(true)
  expect(reader.toldEnough(data + 7 * SEGMENT)).toBe(true)
  expect(reader.toldEnough(data + 8 * SEGMENT)).toBe(false)
  await readAll(reader, data, 10)
  expect(fetched).toEqual(['0', '1', '2'])
  expect((await readAll(reader, data + 10, 2 * SEGMENT)).equals(content.subarray(10, 10 + 2 * SEGMENT))).toBe(true)
  expect(fetched).toEqual(['0', '1', '2', '6', '7'])
  await readAll(reader, data + 6 * SEGMENT, 3 * SEGMENT)
  expect(fetched).toEqual(['0', '1', '2', '6', '7', '8', '9'])
})

test('at the end of a file the next ones are on their way already', async () => {
  const files = Array.from({ length: 4 }, (_, i) => join(bench.source, `of two segments ${i}`))
  for (const file of files) writeFileSync(file, randomBytes(2 * SEGMENT))
  await bench.backUp('several', { protection: { method: 'none' } })
  const backup = await bench.open('several', { protection: { method: 'none' } })
  const begun = new Set<number>()
  const { store } = bench
  const counting = Object.assign(Object.create(store), {
    read: (key: string, max: number) => {
      begun.add(Number(key.slice(key.lastIndexOf('/') + 1)))
      return store.read(key, max)
    },
  })
  const reader = new TarReader({ ...backup, store: counting }, 3)
  const { segments } = backup.manifest
  const starts = segments.map((_, index) => segments.slice(0, index).reduce((sum, { length }) => sum + length, 0))
  let read = 0
  for await (const { item } of toldAhead(asItems(new EntryIndex(backup).from('')), reader)) {
    if (item.type !== 'file') continue
    const end = item.data + item.size
    for await (const piece of reader.read(item.data, item.size)) read += piece.length
    const last = starts.findLastIndex((start) => start < end)
    const ahead = [last, last + 1, last + 2].filter((index) => index < segments.length)
    expect([...begun]).toEqual(expect.arrayContaining(ahead))
  }
  expect(read).toBe(18 * SEGMENT)
})

async function* asItems<T>(items: AsyncIterable<T>) {
  for await (const item of items) yield { item }
}

test('memory is used again, but never that of a segment that is still on its way', async () => {
  const backup = await bench.open('mine', { protection: { method: 'none' } })
  const { store } = bench
  const reached = Promise.withResolvers<void>()
  const letGo = Promise.withResolvers<void>()
  const memories = new Set<ArrayBufferLike>()
  const slow: ObjectStore = Object.assign(Object.create(store), {
    read: async (key: string, max: number, options: { into: Buffer }) => {
      memories.add(options.into.buffer)
      if (!key.endsWith('/1')) return store.read(key, max, options)
      reached.resolve()
      await letGo.promise
      return store.read(key, max, options)
    },
  })
  const reader = new TarReader({ ...backup, store: slow }, 2, { reuse: true })
  reader.want(data, 2 * SEGMENT)
  await readAll(reader, data, 10)
  await reached.promise
  // Segment 1 is passed over, and comes while the next ones are read.
  const read: Buffer[] = []
  for await (const piece of reader.read(data + 2 * SEGMENT, 6 * SEGMENT)) {
    letGo.resolve()
    await new Promise(setImmediate)
    read.push(Buffer.from(piece))
  }
  expect(Buffer.concat(read).equals(content.subarray(2 * SEGMENT, 8 * SEGMENT))).toBe(true)
  // Two at once, and the one that was not waited for.
  expect(memories.size).toBe(3)
})

test('a whole restore asks for its first segments while the list of entries is on its way', async () => {
  const backup = await bench.open('mine', { protection: { method: 'none' } })
  const { promise: asked, resolve } = Promise.withResolvers<void>()
  const { store } = bench
  const waiting = Object.assign(Object.create(store), {
    read: async (key: string, max: number) => {
      if (key.includes('/segments/')) resolve()
      else await asked
      return store.read(key, max)
    },
  })
  const target = bench.newTarget()
  await restoreBackup({ backup: { ...backup, store: waiting }, target })
  expect(readFileSync(join(target, 'file')).equals(content)).toBe(true)
})

test('where a whole restore is refused its target, what it began to fetch is given up', async () => {
  const backup = await bench.open('mine', { protection: { method: 'none' } })
  const { store } = bench
  const begun: AbortSignal[] = []
  const silent: ObjectStore = Object.assign(Object.create(store), {
    read: (key: string, max: number, options: ReadOptions) => {
      if (!key.includes('/segments/') || !options.signal) return store.read(key, max, options)
      begun.push(options.signal)
      return new Promise(() => {})
    },
  })
  const target = bench.newTarget()
  mkdirSync(target)
  writeFileSync(join(target, 'mine'), 'mine')
  expect(await failureOf(restoreBackup({ backup: { ...backup, store: silent }, target }))).toMatchObject({
    code: 'conflict',
  })
  expect(begun.map(({ aborted }) => aborted)).toEqual([true, true, true, true])
})
