import { createHash, randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  AbortMultipartUploadCommand,
  type ChecksumAlgorithm,
  type ChecksumType,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTarget, refusal, type TestTarget } from '../open-test-sandbox.ts'

let target: TestTarget
let s3: S3Client
const Bucket = 'vault-hosted-us-east-1'
const mib = 2 ** 20

beforeAll(async () => {
  target = await openTarget()
  s3 = target.s3()
})
afterAll(() => target.close())

async function start(Key: string, more: { ChecksumAlgorithm?: ChecksumAlgorithm; ChecksumType?: ChecksumType } = {}) {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))
  return { Bucket, Key, UploadId }
}

async function uploadAll(upload: Awaited<ReturnType<typeof start>>, bodies: Buffer[], algorithm?: ChecksumAlgorithm) {
  return Promise.all(
    bodies.map(async (Body, index) => {
      const PartNumber = index + 1
      const part = await s3.send(new UploadPartCommand({ ...upload, PartNumber, Body, ChecksumAlgorithm: algorithm }))
      const { ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumSHA1, ChecksumSHA256 } = part
      return { PartNumber, ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumSHA1, ChecksumSHA256 }
    }),
  )
}

test('parts in any order make one object, read whole, in ranges and by part', async () => {
  const upload = await start('big')
  const bodies = [randomBytes(5 * mib), randomBytes(5 * mib + 1), randomBytes(17)]
  const Parts = await uploadAll(upload, bodies)
  const listed = await s3.send(new ListPartsCommand(upload))
  expect(listed.Parts?.map((part) => part.Size)).toEqual(bodies.map((body) => body.length))
  const done = await s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }))
  const digests = Parts.map((part) => Buffer.from(part.ETag?.replaceAll('"', '') ?? '', 'hex'))
  expect(done.ETag).toBe(`"${createHash('md5').update(Buffer.concat(digests)).digest('hex')}-3"`)
  const whole = Buffer.concat(bodies)
  const read = async (more: object) => {
    const answer = await s3.send(new GetObjectCommand({ Bucket, Key: 'big', ...more }))
    return Buffer.from((await answer.Body?.transformToByteArray()) ?? [])
  }
  expect((await read({})).equals(whole)).toBe(true)
  const edge = 5 * mib
  expect((await read({ Range: `bytes=${edge - 3}-${edge + 3}` })).equals(whole.subarray(edge - 3, edge + 4))).toBe(true)
  expect((await read({ PartNumber: 3 })).equals(whole.subarray(-17))).toBe(true)
  expect((await s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads).toBeUndefined()
  if (target.sandbox) expect(readdirSync(join(target.dataDir, 's3', Bucket, 'uploads'))).toEqual([])
})

test.each([
  ['CRC32', 'FULL_OBJECT'],
  ['CRC32', 'COMPOSITE'],
  ['CRC32C', 'FULL_OBJECT'],
  ['SHA256', 'COMPOSITE'],
] as const)('%s, %s', async (algorithm, type) => {
  const Key = `${algorithm}-${type}`
  const upload = await start(Key, { ChecksumAlgorithm: algorithm, ChecksumType: type })
  const bodies = [randomBytes(5 * mib), randomBytes(1000)]
  const Parts = await uploadAll(upload, bodies, algorithm)
  const MultipartUpload = { Parts }
  const wrong = {
    [`Checksum${algorithm}`]: algorithm === 'SHA256' ? `${'A'.repeat(43)}=` : 'AAAAAA==',
    ChecksumType: type,
  }
  const refused = await refusal(s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload, ...wrong })))
  expect(refused.name).toBe('BadDigest')
  await s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload }))
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }))
  expect(head.ChecksumType).toBe(type)
  const single = await s3.send(
    new PutObjectCommand({ Bucket, Key: `${Key}-single`, Body: Buffer.concat(bodies), ChecksumAlgorithm: algorithm }),
  )
  const name = `Checksum${algorithm}` as const
  if (type === 'FULL_OBJECT') expect(head[name]).toBe(single[name])
  else expect(head[name]).toMatch(/-2$/)
})

test('what is wrong with the parts', async () => {
  const upload = await start('wrong')
  const Parts = await uploadAll(upload, [randomBytes(5 * mib), randomBytes(10), randomBytes(10)])
  const complete = (parts: object[]) =>
    refusal(s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } })))
  expect((await complete([...Parts].reverse())).name).toBe('InvalidPartOrder')
  expect((await complete([{ PartNumber: 1, ETag: '"00000000000000000000000000000000"' }])).name).toBe('InvalidPart')
  expect((await complete([{ PartNumber: 9, ETag: Parts[0]?.ETag }])).name).toBe('InvalidPart')
  expect((await complete(Parts)).name).toBe('EntityTooSmall')
  expect((await complete([])).name).toBe('MalformedXML')
  await s3.send(new AbortMultipartUploadCommand(upload))
  expect(await complete(Parts)).toMatchObject({ name: 'NoSuchUpload', status: 404 })
})

test('a part sent again takes the place of the first', async () => {
  const upload = await start('again')
  await uploadAll(upload, [Buffer.from('first')])
  const Parts = await uploadAll(upload, [Buffer.from('second')])
  await s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }))
  const answer = await s3.send(new GetObjectCommand({ Bucket, Key: 'again' }))
  expect(await answer.Body?.transformToString()).toBe('second')
})

test('If-None-Match counts when the upload completes', async () => {
  const upload = await start('raced')
  const Parts = await uploadAll(upload, [Buffer.from('mine')])
  await s3.send(new PutObjectCommand({ Bucket, Key: 'raced', Body: 'theirs' }))
  const complete = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts }, IfNoneMatch: '*' })
  expect((await refusal(s3.send(complete))).status).toBe(412)
  await s3.send(new AbortMultipartUploadCommand(upload))
})

test('parts copied from ranges of other objects', async () => {
  const source = randomBytes(6 * mib)
  await s3.send(new PutObjectCommand({ Bucket, Key: 'source', Body: source }))
  const upload = await start('assembled')
  const copy = async (PartNumber: number, CopySourceRange?: string) => {
    const { CopyPartResult } = await s3.send(
      new UploadPartCopyCommand({ ...upload, PartNumber, CopySource: `${Bucket}/source`, CopySourceRange }),
    )
    return { PartNumber, ETag: CopyPartResult?.ETag }
  }
  expect((await refusal(copy(3, `bytes=0-${7 * mib}`))).name).toBe('InvalidArgument')
  const Parts = [await copy(1), await copy(2, 'bytes=10-19')]
  await s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }))
  const answer = await s3.send(new GetObjectCommand({ Bucket, Key: 'assembled' }))
  const bytes = Buffer.from((await answer.Body?.transformToByteArray()) ?? [])
  expect(bytes.equals(Buffer.concat([source, source.subarray(10, 20)]))).toBe(true)
})
