import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { z } from 'zod'
import { makeScratch, spawnSandbox } from './end-together.ts'

// `npm run bench:sandbox`: 1 GiB into a sandbox and out again, in the ways that clients do it. Prints JSON, and a line
// for people on standard error. Exits 1 when the sandbox takes more than it may: docs/sandbox.md has the figures.
// CPU and memory are those of the sandbox's own process, as Linux counts them.

const gib = 2 ** 30
const mib = 2 ** 20
const allowed = { peakMiB: 150, cpuSecondsPerGiB: 2.5 }
const Bucket = 'vault-hosted-us-east-1'
const block = randomBytes(mib)

interface Way {
  readonly name: string
  readonly objects: number
  readonly algorithm: 'CRC32' | 'SHA256'
  /** From memory, signed with the hash of the body; otherwise as a stream with the checksum behind it. */
  readonly whole: boolean
}
const ways: readonly Way[] = [
  { name: 'one stream, CRC32 behind it', objects: 1, algorithm: 'CRC32', whole: false },
  { name: 'one stream, SHA-256 behind it', objects: 1, algorithm: 'SHA256', whole: false },
  { name: '64 segments, SHA-256, 4 at a time', objects: 64, algorithm: 'SHA256', whole: true },
]

const dataDir = makeScratch('bench-sandbox-')
const results = []
for (const way of ways) results.push(await measure(way))
const peakMiB = Math.max(...results.map((result) => result.peakMiB))
const cpuSecondsPerGiB = Math.max(...results.map((result) => result.put.cpuSeconds))
const ok = peakMiB < allowed.peakMiB && cpuSecondsPerGiB <= allowed.cpuSecondsPerGiB
console.log(JSON.stringify({ ok, cpus: cpus().length, node: process.version, allowed, results }, null, 2))
console.error(
  `${ok ? '✓' : '✗'} 1 GiB: at most ${peakMiB} MiB (allowed ${allowed.peakMiB}), ${cpuSecondsPerGiB} s of CPU for a PUT (allowed ${allowed.cpuSecondsPerGiB})`,
)
process.exitCode = ok ? 0 : 1

/** A process of its own for each, so that its peak is its own. */
async function measure({ name, objects, algorithm, whole }: Way) {
  const child = spawnSandbox([path.join(dataDir, algorithm), '0'])
  const [message] = await once(child, 'message')
  const { endpoint } = z.object({ endpoint: z.string() }).parse(message)
  const { users } = z
    .object({ users: z.array(z.object({ accessKeyId: z.string(), secretAccessKey: z.string() })) })
    .parse(JSON.parse(readFileSync(path.join(dataDir, algorithm, 'iam.json'), 'utf8')))
  const [credentials] = users
  if (!credentials) throw new Error('The sandbox has no users.')
  const s3 = new S3Client({ region: 'us-east-1', endpoint, credentials, forcePathStyle: true })
  const pid = child.pid ?? 0
  const size = gib / objects
  const keys = Array.from({ length: objects }, (_, index) => `bench/${index}`)
  const segment = whole ? Buffer.concat(Array.from({ length: size / mib }, () => block)) : undefined
  try {
    const put = await timed(pid, () =>
      fourAtATime(keys, async (Key) => {
        const Body = segment ?? Readable.from(blocks(size))
        await s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentLength: size, ChecksumAlgorithm: algorithm }))
      }),
    )
    const get = await timed(pid, () =>
      fourAtATime(keys, async (Key) => {
        const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
        if (!(Body instanceof Readable)) throw new Error('No body.')
        let bytes = 0
        for await (const chunk of Body) bytes += chunk.length
        if (bytes !== size) throw new Error(`${bytes} bytes came back.`)
      }),
    )
    const peakMiB = Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status(pid))?.[1]) / 1024)
    for (const Key of keys) await s3.send(new DeleteObjectCommand({ Bucket, Key }))
    return { name, peakMiB, put, get }
  } finally {
    s3.destroy()
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  }
}

function* blocks(size: number): Iterable<Buffer> {
  for (let at = 0; at < size; at += mib) yield block
}

async function fourAtATime(keys: readonly string[], run: (key: string) => Promise<void>): Promise<void> {
  const waiting = [...keys]
  const worker = async () => {
    for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) await run(key)
  }
  await Promise.all([worker(), worker(), worker(), worker()])
}

async function timed(pid: number, run: () => Promise<void>) {
  const before = cpuSeconds(pid)
  const started = performance.now()
  await run()
  const seconds = (performance.now() - started) / 1000
  return { seconds: round(seconds), cpuSeconds: round(cpuSeconds(pid) - before) }
}

function status(pid: number): string {
  return readFileSync(`/proc/${pid}/status`, 'utf8')
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

/** User and system time of the process and its threads. Linux counts in hundredths of a second; see proc_pid_stat(5). */
function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
