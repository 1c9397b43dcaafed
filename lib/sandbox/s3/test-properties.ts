import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import fc from 'fast-check'
import { expect } from 'vitest'
import { refusal } from '../open-test-sandbox.ts'

// What holds for any input. The tests try each a few times, the soak many times, always with other seeds;
// a failure prints the seed that repeats it.

const Bucket = 'vault-hosted-us-east-1'
const partMinimum = 5 * 2 ** 20
const noise = randomBytes(3 * partMinimum + 16)

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** What S3 says a list is, written down naively. */
function model(keys: string[], prefix: string, delimiter: string): { keys: string[]; prefixes: string[] } {
  const shown = keys.filter((key) => key.startsWith(prefix)).sort(byBytes)
  const cut = (key: string) => (delimiter ? key.indexOf(delimiter, prefix.length) : -1)
  const prefixes = shown.filter((key) => cut(key) >= 0).map((key) => key.slice(0, cut(key) + delimiter.length))
  return { keys: shown.filter((key) => cut(key) < 0), prefixes: [...new Set(prefixes)] }
}

const unit = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', '/', '-') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '..',
      '.',
      ' ',
      '+',
      '%',
      '&',
      '\\',
      '~',
      '"',
      "'",
      '*',
      '\t',
      'ü',
      '\ue000',
      '\uffee',
      '😀',
      '?',
      '#',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }) },
)
const key = fc
  .array(unit, { minLength: 1, maxLength: 12 })
  .map((parts) => parts.join(''))
  .filter((text) => text.isWellFormed() && !text.includes('\0') && Buffer.byteLength(text) <= 1024)

async function listAll(s3: S3Client, Prefix: string, Delimiter: string, MaxKeys: number) {
  const seen: { keys: string[]; prefixes: string[] } = { keys: [], prefixes: [] }
  let ContinuationToken: string | undefined
  const decode = (text: string | undefined) => decodeURIComponent(text ?? '')
  do {
    const page = await s3.send(
      new ListObjectsV2Command({
        Bucket,
        Prefix,
        Delimiter: Delimiter || undefined,
        MaxKeys,
        ContinuationToken,
        EncodingType: 'url',
      }),
    )
    expect(page.KeyCount).toBeLessThanOrEqual(MaxKeys)
    seen.keys.push(...(page.Contents ?? []).map((item) => decode(item.Key)))
    seen.prefixes.push(...(page.CommonPrefixes ?? []).map((item) => decode(item.Prefix)))
    ContinuationToken = page.NextContinuationToken
  } while (ContinuationToken)
  return seen
}

async function bytesOf(s3: S3Client, Key: string, Range?: string): Promise<Buffer> {
  const answer = await s3.send(new GetObjectCommand({ Bucket, Key, Range }))
  return Buffer.from((await answer.Body?.transformToByteArray()) ?? [])
}

/** Any legal key is stored, read back, and listed as the model says. */
export async function checkKeysAndPages(s3: S3Client, numRuns: number): Promise<void> {
  // What the other checks left is not of this one's lists.
  const { keys: left } = await listAll(s3, '', '', 100)
  for (const Key of left) await s3.send(new DeleteObjectCommand({ Bucket, Key }))
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(key, { minLength: 1, maxLength: 14 }),
      fc.constantFrom('', 'a', '/', 'a/', '..', 'ü'),
      fc.constantFrom('', '/', 'a', '//'),
      fc.integer({ min: 1, max: 5 }),
      async (keys, prefix, delimiter, pageSize) => {
        await Promise.all(keys.map((Key) => s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }))))
        expect(await listAll(s3, prefix, delimiter, pageSize)).toEqual(model(keys, prefix, delimiter))
        const [first = ''] = keys
        expect((await bytesOf(s3, first)).toString()).toBe(first)
        const Objects = keys.map((Key) => ({ Key }))
        await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
        expect(await listAll(s3, '', '', 100)).toEqual({ keys: [], prefixes: [] })
      },
    ),
    { numRuns },
  )
}

/** Sizes where a chunk, a batch of writes or the small-object path ends, and their neighbours. */
const size = fc
  .tuple(fc.constantFrom(0, 1, 8192, 65_536, 131_072, 524_288, 1_048_576, 2_097_152), fc.integer({ min: -2, max: 2 }))
  .map(([edge, off]) => Math.max(0, edge + off))

/** Any size, plain or in chunks, comes back whole and in ranges. */
export async function checkSizes(s3: S3Client, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(size, fc.boolean(), fc.nat(), fc.nat(), async (length, streamed, a, b) => {
      const bytes = noise.subarray(0, length)
      const Body = streamed
        ? Readable.from(length > 0 ? [bytes.subarray(0, length >> 1), bytes.subarray(length >> 1)] : [])
        : bytes
      const put = await s3.send(
        new PutObjectCommand({ Bucket, Key: 'sized', Body, ContentLength: length, ChecksumAlgorithm: 'SHA256' }),
      )
      expect(put.ChecksumSHA256).toBe(createHash('sha256').update(bytes).digest('base64'))
      expect((await bytesOf(s3, 'sized')).equals(bytes)).toBe(true)
      if (length === 0) return
      const [start = 0, end = 0] = [a % length, b % length].sort((x, y) => x - y)
      const range = await bytesOf(s3, 'sized', `bytes=${start}-${end}`)
      expect(range.equals(bytes.subarray(start, end + 1))).toBe(true)
    }),
    { numRuns },
  )
}

/** Around the smallest part that S3 takes, and around where a batch of writes ends. */
const partSize = fc
  .tuple(fc.constantFrom(partMinimum, partMinimum, partMinimum + 65_536), fc.integer({ min: -2, max: 2 }))
  .map(([edge, off]) => edge + off)
const lastPartSize = fc.oneof(partSize, fc.constantFrom(1, 65_535, 65_536, 65_537, 1_048_575, 1_048_576, 1_048_577))

/** Parts of any size make one object, or are refused as too small when one before the last is. */
export async function checkPartSizes(s3: S3Client, numRuns: number): Promise<void> {
  const parts = fc
    .tuple(fc.array(partSize, { maxLength: 2 }), lastPartSize, fc.boolean())
    .map(([before, last, reversed]) => ({ sizes: [...before, last], reversed }))
  await fc.assert(
    fc.asyncProperty(parts, async ({ sizes, reversed }) => {
      const Key = 'parts'
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
      let start = 0
      const wanted = sizes.map((length, index) => {
        const bytes = noise.subarray(start, start + length)
        start += length
        return { PartNumber: index + 1, bytes }
      })
      const done: CompletedPart[] = []
      for (const { PartNumber, bytes } of reversed ? wanted.toReversed() : wanted) {
        const { ETag } = await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body: bytes }))
        done.push({ PartNumber, ETag })
      }
      const Parts = done.sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0))
      const complete = s3.send(
        new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }),
      )
      if (sizes.slice(0, -1).some((length) => length < partMinimum)) {
        expect((await refusal(complete)).name).toBe('EntityTooSmall')
        return
      }
      await complete
      expect((await bytesOf(s3, Key)).equals(noise.subarray(0, start))).toBe(true)
      const edge = sizes[0] ?? 0
      const across = await bytesOf(s3, Key, `bytes=${Math.max(0, edge - 3)}-${edge + 2}`)
      expect(across.equals(noise.subarray(Math.max(0, edge - 3), Math.min(start, edge + 3)))).toBe(true)
    }),
    { numRuns },
  )
}

/**
 * Writers, readers and deleters of one key at once: whoever reads gets the whole of what one writer wrote, and
 * compare-and-swap with If-Match loses no step.
 */
export async function checkConcurrentWriters(s3: S3Client, numRuns: number): Promise<void> {
  const lengths = fc.array(fc.integer({ min: 0, max: 200_000 }), { minLength: 2, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(lengths, fc.integer({ min: 2, max: 6 }), async (sizes, counters) => {
      const Key = 'contended'
      const bodies = sizes.map((length, index) => Buffer.alloc(length + 1, index))
      const read = async () => {
        const bytes = await bytesOf(s3, Key).catch((error: unknown) => {
          if (error instanceof Error && error.name === 'NoSuchKey') return undefined
          throw error
        })
        if (bytes) expect(bodies.some((body) => body.equals(bytes))).toBe(true)
      }
      await Promise.all([
        ...bodies.map((Body) => s3.send(new PutObjectCommand({ Bucket, Key, Body }))),
        s3.send(new DeleteObjectCommand({ Bucket, Key })),
        ...bodies.map(read),
      ])
      await read()
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: '0' }))
      await Promise.all(Array.from({ length: counters }, () => increment(s3, Key)))
      expect((await bytesOf(s3, Key)).toString()).toBe(String(counters))
    }),
    { numRuns },
  )
}

async function increment(s3: S3Client, Key: string): Promise<void> {
  for (;;) {
    const { ETag, Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
    const next = String(Number(await Body?.transformToString()) + 1)
    try {
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: next, IfMatch: ETag }))
      return
    } catch (error) {
      // Somebody else was quicker: before this write began, or while it was under way.
      const lost = error instanceof Error && ['PreconditionFailed', 'ConditionalRequestConflict'].includes(error.name)
      if (!lost) throw error
    }
  }
}
