import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { MemoryStore } from '#lib/storage/memory-store.ts'
import type { ReadOptions } from '#lib/storage/object-store.ts'
import { encryptedCodec, sha256Of } from './codec.ts'
import { partContext } from './encryption-context.ts'
import { backupFolder, partName } from './layout.ts'
import { readPart } from './read-part.ts'

/** Of the first `damaged` reads one byte arrives changed; keeps how it was asked. */
class BadLine extends MemoryStore {
  readonly asked: (boolean | undefined)[] = []
  damaged = 0

  override async read(key: string, maxBytes: number, { unchecked }: ReadOptions = {}): Promise<Uint8Array> {
    this.asked.push(unchecked)
    const object = Buffer.from(await super.read(key, maxBytes))
    if (this.asked.length <= this.damaged) object.writeUInt8(object.readUInt8(100) ^ 1, 100)
    return object
  }
}

async function aPart(damaged: number) {
  const store = new BadLine()
  store.damaged = damaged
  const identity = { installation: 'one', environment: 'two', backup: 'three', prefix: 'kept' }
  const codec = encryptedCodec(randomBytes(32), identity.backup)
  const place = { kind: 'segment', attempt: 1, index: 0 } as const
  const content = randomBytes(3_000_000)
  const object = await codec.seal(content, partContext(identity, place))
  await store.create(backupFolder(identity) + partName(place), object)
  const part = { place, size: object.length, sha256: sha256Of(object), length: content.length }
  return { store, content, read: () => readPart(store, codec, identity, part) }
}

test('what arrives whole is read once, and hashed by nobody else', async () => {
  const { store, content, read } = await aPart(0)
  expect(content.equals(await read())).toBe(true)
  expect(store.asked).toEqual([true])
})

test('what was damaged on its way is read again, now with the store’s own check', async () => {
  const { store, content, read } = await aPart(1)
  expect(content.equals(await read())).toBe(true)
  expect(store.asked).toEqual([true, undefined])
})

test('what stays damaged is refused', async () => {
  const { store, read } = await aPart(2)
  await expect(read()).rejects.toMatchObject({
    code: 'integrity',
    message: expect.stringMatching(/^Segment 0 of backup three .* Its SHA-256 differs\.$/),
  })
  expect(store.asked).toHaveLength(2)
})
