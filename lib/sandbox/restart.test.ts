import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DecryptCommand, EncryptCommand } from '@aws-sdk/client-kms'
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterEach, expect, test } from 'vitest'
import { openTestSandbox } from './open-test-sandbox.ts'

const Bucket = 'vault-hosted-us-east-1'
const folders: string[] = []
const processes: ChildProcess[] = []

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'sandbox-'))
  folders.push(path)
  return path
}

afterEach(() => {
  for (const child of processes.splice(0)) child.kill('SIGKILL')
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
    $metadata: { httpStatusCode: 507 },
  })
  await put('c', 100)
  await target.close()
})

const script = `
import { startSandbox } from ${JSON.stringify(new URL('./server.ts', import.meta.url).href)}
const sandbox = await startSandbox({ dataDir: process.argv[1], port: 0 })
console.log(JSON.stringify(sandbox.info()))
`

async function startProcess(dataDir: string) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  processes.push(child)
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  const info = JSON.parse(String(line))
  const client = new S3Client({
    region: 'us-east-1',
    endpoint: info.endpoint,
    credentials: { ...info.accounts[0] },
    forcePathStyle: true,
    maxAttempts: 1,
  })
  return { child, client }
}

/** Rounds and uploads are fewer here than in a full rehearsal, to keep the suite quick. */
test('kill -9 while 50 uploads run: what was acknowledged is whole, nothing else is half there', async () => {
  const dataDir = folder()
  const acknowledged = new Map<string, string>()
  const attempted = new Map<string, string>()
  const random = randomBytes(400_000)
  for (let round = 0; round < 4; round += 1) {
    const { child, client } = await startProcess(dataDir)
    let answers = 0
    const uploads = Array.from({ length: 50 }, async (_, index) => {
      const body = random.subarray(index * 100, index * 100 + 20_000 + index * 6000)
      const hash = createHash('sha256').update(body).digest('hex')
      const Key = `round ${round}/${index}`
      attempted.set(Key, hash)
      await client.send(new PutObjectCommand({ Bucket, Key, Body: body }))
      acknowledged.set(Key, hash)
      answers += 1
      // In the middle of it all: some are answered, some under way, some not begun.
      if (answers === 5 + round * 10) child.kill('SIGKILL')
    })
    await Promise.allSettled(uploads)
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    client.destroy()
  }
  const { child, client } = await startProcess(dataDir)
  const { Contents } = await client.send(new ListObjectsV2Command({ Bucket }))
  const listed = new Set((Contents ?? []).map((item) => item.Key ?? ''))
  for (const Key of acknowledged.keys()) expect(listed).toContain(Key)
  for (const Key of listed) {
    const answer = await client.send(new GetObjectCommand({ Bucket, Key }))
    const bytes = (await answer.Body?.transformToByteArray()) ?? new Uint8Array()
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(attempted.get(Key))
  }
  const bucketFolder = join(dataDir, 's3', Bucket)
  expect(readdirSync(join(bucketFolder, 'objects'))).toHaveLength(listed.size)
  expect(readdirSync(join(bucketFolder, 'incoming'))).toEqual([])
  child.kill('SIGKILL')
  client.destroy()
})
