import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ErrorCode } from '#lib/errors.ts'
import { AppError } from '#lib/errors.ts'
import type { LookOptions, ObjectStore } from './object-store.ts'

/** What every ObjectStore must do; run it in the adapter's own test. `open` is called once; names are unique to the run. */
export function objectStoreContract(name: string, open: () => Promise<ObjectStore> | ObjectStore): void {
  describe(`${name} keeps the ObjectStore contract`, () => {
    const folder = `contract-${randomUUID()}/`
    const key = (text: string) => folder + text
    let store: ObjectStore
    beforeAll(async () => {
      store = await open()
    })
    afterAll(async () => {
      await store.delete((await listed(store, folder)).map((object) => object.key))
    })

    test.each([0, 1, 65_536, 17 * 1024 * 1024])('reads back %i bytes as they were created', async (size) => {
      const body = randomBytes(size)
      await store.create(key(`size-${size}`), body)
      expect(Buffer.compare(await store.read(key(`size-${size}`), size), body)).toBe(0)
    })

    test('creating the same bytes again succeeds, other bytes conflict and change nothing', async () => {
      await store.create(key('taken'), Buffer.from('first'))
      await store.create(key('taken'), Buffer.from('first'))
      await failsWith('conflict', store.create(key('taken'), Buffer.from('other')))
      await failsWith('conflict', store.create(key('taken'), Buffer.from('first, and more')))
      expect(text(await store.read(key('taken'), 100))).toBe('first')
    })

    test('of several creators at once with different bytes exactly one wins', async () => {
      const bodies = Array.from({ length: 8 }, (_, i) => Buffer.from(`creator ${i}`))
      const outcomes = await Promise.allSettled(bodies.map((body) => store.create(key('race'), body)))
      const winners = bodies.filter((_, i) => outcomes[i]?.status === 'fulfilled')
      expect(winners).toHaveLength(1)
      expect(text(await store.read(key('race'), 100))).toBe(String(winners[0]))
    })

    test('replace creates and replaces', async () => {
      await store.replace(key('generations'), Buffer.from('one'))
      await store.replace(key('generations'), Buffer.from('two, longer'))
      expect(text(await store.read(key('generations'), 100))).toBe('two, longer')
    })

    test('what was read is replaced, and nothing else', async () => {
      const name = key('swapped')
      await store.replace(name, Buffer.from('one'))
      const [mine, theirs] = [await store.read(name, 100), await store.read(name, 100)]
      await store.replace(name, Buffer.from('two'), mine)
      await failsWith('conflict', store.replace(name, Buffer.from('three'), theirs))
      // As after an answer that was lost.
      await store.replace(name, Buffer.from('two'), theirs)
      expect(text(await store.read(name, 100))).toBe('two')
      await store.delete([name])
      await failsWith('not-found', store.replace(name, Buffer.from('three'), mine))
      expect(await store.look(name)).toBeUndefined()
    })

    test('what is stored and what was read are independent of the memory they came from', async () => {
      const body = Buffer.from('original')
      await store.create(key('memory'), body)
      body.fill('x')
      const read = await store.read(key('memory'), 100)
      expect(text(read)).toBe('original')
      read.fill(0)
      expect(text(await store.read(key('memory'), 100))).toBe('original')
    })

    test('reading is given up when it is told to', async () => {
      await store.create(key('given up'), Buffer.from('x'))
      const error = await store
        .read(key('given up'), 1, { signal: AbortSignal.abort() })
        .catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ name: 'AbortError' })
    })

    test('so are a look and a list', async () => {
      const told = { signal: AbortSignal.abort() }
      await store.create(key('given up'), Buffer.from('x'))
      for (const work of [store.look(key('given up'), told), listed(store, folder, told)])
        expect(await work.catch((thrown: unknown) => thrown)).toMatchObject({ name: 'AbortError' })
    })

    test('an object comes in the memory that it is given, where that is large enough', async () => {
      const body = randomBytes(100_000)
      await store.create(key('given'), body)
      for (const into of [Buffer.alloc(150_000), Buffer.alloc(100_000), Buffer.alloc(99_999)]) {
        const read = await store.read(key('given'), 200_000, { into })
        expect(Buffer.compare(read, body)).toBe(0)
        expect(read.buffer === into.buffer).toBe(into.length >= body.length)
      }
    })

    test('a part of a larger memory is stored as just that part', async () => {
      await store.create(key('part'), Buffer.from('before PART after').subarray(7, 11))
      expect(text(await store.read(key('part'), 100))).toBe('PART')
    })

    test('a missing object is not-found', async () => {
      await failsWith('not-found', store.read(key('missing'), 100))
    })

    test('an object longer than expected is refused, one of exactly that length is not', async () => {
      await store.create(key('long'), Buffer.alloc(1001))
      await failsWith('integrity', store.read(key('long'), 1000))
      expect((await store.read(key('long'), 1001)).length).toBe(1001)
    })

    test('an object is looked at without being read', async () => {
      await store.create(key('looked-at'), Buffer.from('content'))
      expect(await store.look(key('looked-at'))).toEqual({
        size: 7,
        sha256: createHash('sha256').update('content').digest('hex'),
      })
      expect(await store.look(key('missing'))).toBeUndefined()
    })

    test('names are taken as they are', async () => {
      const names = ['with space', 'plus+and%20percent', 'größe-日本', "quote'(1)!*~", 'a//b']
      for (const name of names) await store.create(key(`names/${name}`), Buffer.from(name))
      for (const name of names) expect(text(await store.read(key(`names/${name}`), 100))).toBe(name)
      const keys = (await listed(store, key('names/'))).map((object) => object.key)
      expect(keys).toEqual(names.map((name) => key(`names/${name}`)).sort(byteOrder))
    })

    test('lists every object under a prefix with its size, more than a page, in byte order, and no other', async () => {
      const count = 1100
      const names = Array.from({ length: count }, (_, i) => key(`list/${i}`))
      const queue = [...names]
      const worker = async () => {
        for (let next = queue.pop(); next; next = queue.pop()) await store.create(next, Buffer.alloc(next.length))
      }
      await Promise.all(Array.from({ length: 16 }, worker))
      await store.create(key('lisu'), Buffer.from('a neighbour'))
      const objects = await listed(store, key('list/'))
      expect(objects).toEqual([...names].sort(byteOrder).map((name) => ({ key: name, size: name.length })))
      await store.delete(names)
      expect(await listed(store, key('list/'))).toEqual([])
    })

    test('delete takes missing objects and an empty list, and afterwards the name is free', async () => {
      await store.delete([])
      await store.create(key('gone'), Buffer.from('once'))
      await store.delete([key('gone'), key('never was')])
      await store.delete([key('gone')])
      await failsWith('not-found', store.read(key('gone'), 100))
      await store.create(key('gone'), Buffer.from('other bytes'))
      expect(text(await store.read(key('gone'), 100))).toBe('other bytes')
    })
  })
}

async function failsWith(code: ErrorCode, work: Promise<unknown>): Promise<void> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AppError)
  expect(error).toMatchObject({ code })
}

async function listed(
  store: ObjectStore,
  prefix: string,
  options?: LookOptions,
): Promise<{ key: string; size: number }[]> {
  const objects: { key: string; size: number }[] = []
  for await (const { key, size } of store.list(prefix, options)) objects.push({ key, size })
  return objects
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8')
}

function byteOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
