import { randomBytes } from 'node:crypto'
import { appendFileSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DecryptCommand, EncryptCommand } from '@aws-sdk/client-kms'
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, expect, test } from 'vitest'
import { openTestSandbox } from './open-test-sandbox.ts'
import { killDuringUploads } from './test-kill-uploads.ts'

const Bucket = 'vault-hosted-us-east-1'
const folders: string[] = []

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'sandbox-'))
  folders.push(path)
  return path
}

afterEach(() => {
  for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true })
})

test('a restart loses nothing', async () => {
  const dataDir = folder()
  const first = await openTestSandbox({ dataDir })
  const { CiphertextBlob } = await first
    .kms()
    .send(new EncryptCommand({ KeyId: 'alias/backups', Plaintext: Buffer.from('x') }))
  await first.s3().send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'kept', Metadata: { b: 'c' } }))
  const { endpoint: _, ...before } = first.info
  await first.close(true)
  const second = await openTestSandbox({ dataDir })
  const { endpoint: __, ...after } = second.info
  expect(after).toEqual(before)
  const { Plaintext } = await second.kms().send(new DecryptCommand({ CiphertextBlob }))
  expect(Buffer.from(Plaintext ?? []).toString()).toBe('x')
  const answer = await second.s3().send(new GetObjectCommand({ Bucket, Key: 'a' }))
  expect(await answer.Body?.transformToString()).toBe('kept')
  expect(answer.Metadata).toEqual({ b: 'c' })
  await second.close()
})

test("half a line at the journal's end is what a crash leaves, and is dropped", async () => {
  const dataDir = folder()
  const first = await openTestSandbox({ dataDir })
  await first.s3().send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'kept' }))
  await first.close(true)
  appendFileSync(join(dataDir, 's3', Bucket, 'index.ndjson'), '{"put":{"key":"half')
  const second = await openTestSandbox({ dataDir })
  await second.s3().send(new PutObjectCommand({ Bucket, Key: 'b', Body: 'new' }))
  await second.close(true)
  const third = await openTestSandbox({ dataDir })
  const { Contents } = await third.s3().send(new ListObjectsV2Command({ Bucket }))
  expect(Contents?.map((item) => item.Key)).toEqual(['a', 'b'])
  await third.close()
})

test("the data folder is its owner's alone", async () => {
  const dataDir = folder()
  const target = await openTestSandbox({ dataDir })
  expect(statSync(dataDir).mode & 0o777).toBe(0o700)
  for (const name of ['iam.json', 'sandbox.json', 'kms/111122223333/us-east-1.json']) {
    expect(statSync(join(dataDir, name)).mode & 0o777).toBe(0o600)
  }
  await target.close()
})

test('a full store refuses, and keeps what it has', async () => {
  const target = await openTestSandbox({ capacity: 1000 })
  const put = (Key: string, size: number) =>
    target.s3().send(new PutObjectCommand({ Bucket, Key, Body: randomBytes(size) }))
  await put('a', 900)
  await expect(put('b', 200)).rejects.toMatchObject({
    name: 'InsufficientCapacity',
    message: 'The sandbox keeps at most 1,000 bytes of objects.',
    $metadata: { httpStatusCode: 507 },
  })
  await put('c', 100)
  await target.close()
})

/** The soak does it 20 times. */
test('kill -9 while 50 uploads run: what was acknowledged is whole, nothing else is half there', async () => {
  const { acknowledged } = await killDuringUploads(2)
  expect(acknowledged).toBeGreaterThan(2)
})
