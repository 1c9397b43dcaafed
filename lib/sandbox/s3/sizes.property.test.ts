import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestSandbox, type TestSandbox } from '../open-test-sandbox.ts'

let target: TestSandbox
let s3: S3Client
const Bucket = 'vault-hosted-us-east-1'
const noise = randomBytes(3 * 2 ** 20)

beforeAll(async () => {
  target = await openTestSandbox()
  s3 = target.s3()
})
afterAll(() => target.close())

/** Sizes where a chunk, a batch of writes or the small-object path ends, and their neighbours. */
const size = fc
  .tuple(fc.constantFrom(0, 1, 8192, 65_536, 131_072, 524_288, 1_048_576, 2_097_152), fc.integer({ min: -2, max: 2 }))
  .map(([edge, off]) => Math.max(0, edge + off))

test('any size, plain or in chunks, whole or in ranges', async () => {
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
      const read = async (Range?: string) => {
        const answer = await s3.send(new GetObjectCommand({ Bucket, Key: 'sized', Range }))
        return Buffer.from((await answer.Body?.transformToByteArray()) ?? [])
      }
      expect((await read()).equals(bytes)).toBe(true)
      if (length === 0) return
      const [start = 0, end = 0] = [a % length, b % length].sort((x, y) => x - y)
      expect((await read(`bytes=${start}-${end}`)).equals(bytes.subarray(start, end + 1))).toBe(true)
    }),
    { numRuns: 40 },
  )
})
