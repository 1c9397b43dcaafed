import { createHash, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { sha256Aside } from './hash-aside.ts'
import { copyTo, giveShared, takeShared } from './shared-memory.ts'

const MIB = 2 ** 20
const here = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

test('hashes of shared memory, asked for at once, each go to who asked, whatever their lengths', async () => {
  const contents = [3 * MIB, 2 * MIB - 1, 10, MIB, 0, 2 * MIB].map((size) => randomBytes(size))
  const shared = contents.map((content) => {
    const memory = takeShared(content.length + 100)
    copyTo(memory, 50, content)
    return memory.subarray(50, 50 + content.length)
  })
  await expect(Promise.all(shared.map(sha256Aside))).resolves.toEqual(contents.map(here))
})

test('memory that is not shared is hashed all the same', async () => {
  const content = randomBytes(2 * MIB)
  await expect(sha256Aside(content)).resolves.toBe(here(content))
})

test('memory that was given back is taken again where it suffices', () => {
  const memory = takeShared(5000)
  giveShared(memory)
  expect(takeShared(memory.length + 1)).not.toBe(memory)
  expect(takeShared(5001)).toBe(memory)
})
