import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Segment, SegmentCutter } from './segment-cutter.ts'

test('cuts what is written in any pieces, with zeros, into equal segments', async () => {
  const segments: { index: number; tarOffset: number; bytes: Buffer }[] = []
  const cutter = new SegmentCutter(100, 2, ({ index, tarOffset, bytes, release }) => {
    segments.push({ index, tarOffset, bytes: Buffer.from(bytes) })
    release()
  })
  const written: Buffer[] = []
  for (const size of [0, 1, 98, 1, 100, 101, 350]) {
    const piece = randomBytes(size)
    await cutter.write(piece)
    await cutter.zeros(size)
    written.push(piece, Buffer.alloc(size))
  }
  cutter.finish()
  cutter.finish()
  const all = Buffer.concat(written)
  expect(cutter.position).toBe(all.length)
  expect(Buffer.concat(segments.map(({ bytes }) => bytes)).equals(all)).toBe(true)
  expect(segments.map(({ index, tarOffset }) => [index, tarOffset])).toEqual(segments.map((_, i) => [i, i * 100]))
  expect(segments.slice(0, -1).every(({ bytes }) => bytes.length === 100)).toBe(true)
})

test('hands out no empty segment', async () => {
  const segments: Segment[] = []
  const cutter = new SegmentCutter(100, 2, (segment) => segments.push(segment))
  await cutter.write(Buffer.alloc(100))
  cutter.finish()
  expect(segments).toHaveLength(1)
})

test('uses no more memory than it was given, and waits for it', async () => {
  const segments: Segment[] = []
  const memory = new Set<ArrayBufferLike>()
  const cutter = new SegmentCutter(100, 3, (segment) => {
    memory.add(segment.bytes.buffer)
    segments.push(segment)
  })
  let written = false
  const writing = cutter.write(Buffer.alloc(1000)).then(() => {
    written = true
  })
  for (let released = 0; released < 7; released += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    expect(segments).toHaveLength(3 + released)
    expect(written).toBe(false)
    segments[released]?.release()
  }
  await writing
  expect(segments).toHaveLength(10)
  expect(memory.size).toBe(3)
})
