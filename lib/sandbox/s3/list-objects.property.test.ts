import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTarget, type TestTarget } from '../open-test-sandbox.ts'

let target: TestTarget
let s3: S3Client
const Bucket = 'vault-hosted-us-east-1'

beforeAll(async () => {
  target = await openTarget()
  s3 = target.s3()
})
afterAll(() => target.close())

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

async function listAll(Prefix: string, Delimiter: string, MaxKeys: number) {
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

test('any legal key is stored, read back, and listed as the model says', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(key, { minLength: 1, maxLength: 14 }),
      fc.constantFrom('', 'a', '/', 'a/', '..', 'ü'),
      fc.constantFrom('', '/', 'a', '//'),
      fc.integer({ min: 1, max: 5 }),
      async (keys, prefix, delimiter, pageSize) => {
        await Promise.all(keys.map((Key) => s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }))))
        expect(await listAll(prefix, delimiter, pageSize)).toEqual(model(keys, prefix, delimiter))
        const [Key = ''] = keys
        const answer = await s3.send(new GetObjectCommand({ Bucket, Key }))
        expect(await answer.Body?.transformToString()).toBe(Key)
        await Promise.all(
          keys.map((name) => s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: name }] } }))),
        )
        expect(await listAll('', '', 100)).toEqual({ keys: [], prefixes: [] })
      },
    ),
    { numRuns: 60 },
  )
})
