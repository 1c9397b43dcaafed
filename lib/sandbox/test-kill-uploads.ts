import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { expect } from 'vitest'

const Bucket = 'vault-hosted-us-east-1'
const uploadsAtOnce = 50

const script = `
import { startSandbox } from ${JSON.stringify(new URL('./server.ts', import.meta.url).href)}
const sandbox = await startSandbox({ dataDir: process.argv[1], port: 0 })
console.log(JSON.stringify(sandbox.info()))
`

async function startProcess(dataDir: string): Promise<{ child: ChildProcess; client: S3Client }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
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

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

/**
 * Again and again: 50 uploads at once, kill -9 in the middle, restart, look. What was acknowledged is there and whole;
 * what was not is either not there at all or whole, its answer having been lost on the way; nothing is left over.
 * @returns how many were acknowledged, and how many were there without the uploader having been told
 */
export async function killDuringUploads(rounds: number): Promise<{ acknowledged: number; untold: number }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sandbox-'))
  const acknowledged = new Set<string>()
  const attempted = new Map<string, string>()
  const random = randomBytes(400_000)
  let running = await startProcess(dataDir)
  try {
    for (let round = 0; round < rounds; round += 1) {
      const { child, client } = running
      // In the middle of it all: some are answered, some under way, some not begun.
      const killAt = 1 + ((round * 13) % (uploadsAtOnce - 5))
      let answers = 0
      const uploads = Array.from({ length: uploadsAtOnce }, async (_, index) => {
        const body = random.subarray(index * 100, index * 100 + 20_000 + index * 6000)
        const Key = `round ${round}/${index}`
        attempted.set(Key, createHash('sha256').update(body).digest('hex'))
        await client.send(new PutObjectCommand({ Bucket, Key, Body: body }))
        acknowledged.add(Key)
        answers += 1
        if (answers === killAt) child.kill('SIGKILL')
      })
      await Promise.allSettled(uploads)
      await end(child)
      client.destroy()
      running = await startProcess(dataDir)
      await look(running.client, `round ${round}/`)
    }
    const listed = await look(running.client, '')
    const bucketFolder = join(dataDir, 's3', Bucket)
    expect(readdirSync(join(bucketFolder, 'objects'))).toHaveLength(listed.size)
    expect(readdirSync(join(bucketFolder, 'incoming'))).toEqual([])
    return { acknowledged: acknowledged.size, untold: listed.size - acknowledged.size }
  } finally {
    running.client.destroy()
    await end(running.child)
    rmSync(dataDir, { recursive: true, force: true })
  }

  async function look(client: S3Client, Prefix: string): Promise<Set<string>> {
    const listed = new Set<string>()
    let ContinuationToken: string | undefined
    do {
      const page = await client.send(new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken }))
      for (const { Key = '' } of page.Contents ?? []) listed.add(Key)
      ContinuationToken = page.NextContinuationToken
    } while (ContinuationToken)
    for (const Key of acknowledged) if (Key.startsWith(Prefix)) expect(listed).toContain(Key)
    for (const Key of listed) {
      const answer = await client.send(new GetObjectCommand({ Bucket, Key }))
      const bytes = (await answer.Body?.transformToByteArray()) ?? new Uint8Array()
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(attempted.get(Key))
    }
    return listed
  }
}
