import { randomBytes } from 'node:crypto'
import { zstdDecompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { compressFrame, decompressFrame, FrameReader } from './zstd-frame.ts'

const BLOCK = 128 * 1024
const text = (size: number) =>
  Buffer.from('All work and no play makes a dull day. '.repeat(size / 39 + 1)).subarray(0, size)

test.each([0, 1, 3, 255, 256, 65_535, 65_536, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 5 * 2 ** 20 + 1])(
  '%i bytes come back, whether they compress or not',
  async (size) => {
    for (const data of [randomBytes(size), text(size)]) {
      const frame = Buffer.concat(await compressFrame(data))
      expect(data.equals(await decompressFrame(frame, size))).toBe(true)
      expect(data.equals(zstdDecompressSync(frame))).toBe(true)
    }
  },
)

test('what compresses is compressed, what does not grows by a few bytes and is not copied', async () => {
  const compressed = await compressFrame(text(2 ** 20))
  expect(Buffer.concat(compressed).length).toBeLessThan(2 ** 12)
  const data = randomBytes(2 ** 20)
  const stored = await compressFrame(data)
  expect(Buffer.concat(stored).length).toBeLessThan(2 ** 20 + 100)
  expect(stored.some((piece) => piece.buffer === data.buffer && piece.length === BLOCK)).toBe(true)
})

test('a segment that compresses in a part of it is compressed', async () => {
  const data = Buffer.concat([randomBytes(2 ** 20), text(2 ** 20)])
  expect(Buffer.concat(await compressFrame(data)).length).toBeLessThan(1.1 * 2 ** 20)
})

test('every frame states the size of its content', async () => {
  for (const data of [randomBytes(300_000), text(300_000)]) {
    const frame = Buffer.concat(await compressFrame(data))
    // RFC 8878, 3.1.1.1: two bits for the width of the size, one that leaves out the window's byte.
    const descriptor = frame.readUInt8(4)
    const width = [0, 2, 4, 8][descriptor >> 6] ?? 0
    const at = descriptor & 0b0010_0000 ? 5 : 6
    expect(width).toBeGreaterThan(0)
    expect(frame.readUIntLE(at, Math.min(width, 6))).toBe(300_000)
  }
})

test('a frame never yields more than it may', async () => {
  const bomb = Buffer.concat(await compressFrame(Buffer.alloc(50 * 2 ** 20)))
  await expect(decompressFrame(bomb, 2 ** 20)).rejects.toMatchObject({ code: 'integrity' })
  await expect(decompressFrame(randomBytes(1000), 2 ** 20)).rejects.toMatchObject({ code: 'integrity' })
  await expect(decompressFrame(bomb.subarray(0, -1), 2 ** 30)).rejects.toMatchObject({ code: 'integrity' })
})

test('a frame of raw blocks is undone in its own memory only when it is needed no more', async () => {
  const data = randomBytes(3 * BLOCK + 77)
  const frame = Buffer.concat(await compressFrame(data))
  const untouched = Buffer.from(frame)
  expect(data.equals(await decompressFrame(frame, data.length))).toBe(true)
  expect(frame.equals(untouched)).toBe(true)
  const content = await decompressFrame(frame, data.length, true)
  expect(data.equals(content)).toBe(true)
  expect(content.buffer).toBe(frame.buffer)
})

test('a frame may come in pieces of any size, into memory of its own or the memory that it lies in', async () => {
  for (const data of [randomBytes(2 * BLOCK + 77), text(2 * BLOCK + 77), Buffer.alloc(0)]) {
    const frame = Buffer.concat(await compressFrame(data))
    for (const size of [1, 2, 5, 13, 14, 1000, BLOCK, frame.length]) {
      const memory = Buffer.from(new SharedArrayBuffer(frame.length))
      const around = Buffer.concat([Buffer.alloc(5), frame])
      const [apart, inside] = [new FrameReader(memory), new FrameReader(around.subarray(5))]
      for (let at = 0; at < frame.length; at += size) {
        apart.write(frame.subarray(at, at + size))
        inside.write(around.subarray(5 + at, 5 + Math.min(at + size, frame.length)))
      }
      for (const reader of [apart, inside])
        expect(data.equals(await reader.content(data.length)), `pieces of ${size}`).toBe(true)
    }
  }
})

test('a frame of raw blocks that says other than it holds is refused', async () => {
  const frame = Buffer.concat(await compressFrame(randomBytes(2 * BLOCK + 77)))
  const changed = (change: (frame: Buffer) => void) => {
    const copy = Buffer.from(frame)
    change(copy)
    return copy
  }
  for (const damaged of [
    changed((bytes) => bytes.writeBigUInt64LE(1n, 5)),
    changed((bytes) => bytes.writeBigUInt64LE(BigInt(2 * BLOCK + 78), 5)),
    changed((bytes) => bytes.writeUInt8(bytes.readUInt8(13) | 1, 13)), // the first block says that it is the last
    changed((bytes) => bytes.writeUIntLE(((BLOCK + 1) << 3) | 0, 13, 3)),
    changed((bytes) => bytes.writeUIntLE((BLOCK << 3) | 0b010, 13, 3)), // a block of one repeated byte
    Buffer.concat([frame, Buffer.alloc(1)]),
    Buffer.concat([frame, frame]),
    frame.subarray(0, -1),
    frame.subarray(0, 13),
    frame.subarray(0, 15),
  ])
    await expect(decompressFrame(damaged, 2 ** 30, true)).rejects.toMatchObject({ code: 'integrity' })
  await expect(decompressFrame(frame, 2 * BLOCK + 76)).rejects.toMatchObject({ code: 'integrity' })
})
