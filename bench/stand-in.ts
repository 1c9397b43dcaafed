import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { z } from 'zod'
import { attachSandbox } from '#lib/sandbox/attach.ts'
import { spawnSandbox } from './end-together.ts'

/** Of all objects: more than the largest set takes. */
const CAPACITY = 64 * 2 ** 30
const region = 'us-east-1'
const bucket = `vault-hosted-${region}`

const view = z.object({ buckets: z.array(z.object({ name: z.string(), bytes: z.number() })) })
const requests = z.object({ counts: z.record(z.string(), z.record(z.string(), z.number())) })

export interface StandIn {
  readonly endpoint: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
  readonly bucket: string
  readonly keyArn: string
  /** Deletes every object. */
  empty(): Promise<void>
  /** Counts requests from here on. */
  countAnew(): Promise<void>
  requests(): Promise<{ s3: number; kms: number }>
  /** Of all objects that are there. */
  storedBytes(): Promise<number>
  close(): Promise<void>
}

/** The sandbox in a process of its own, with a data folder of its own on disk. */
export async function startStandIn(dataDir: string): Promise<StandIn> {
  const child = spawnSandbox([dataDir, '0', String(CAPACITY)])
  const [message] = await once(child, 'message')
  const { endpoint } = z.object({ endpoint: z.string() }).parse(message)
  const control = async (method: string, what: string): Promise<unknown> => {
    const ask = () => fetch(`${endpoint}/_sandbox/${what}`, { method })
    // Comparing gigabytes holds this process up for longer than the stand-in keeps a connection that is not used.
    const answer = await ask().catch(ask)
    if (!answer.ok) throw new Error(`The stand-in answered ${answer.status} to ${method} ${what}.`)
    return answer.status === 204 ? undefined : await answer.json()
  }
  const { accounts, keys } = await attachSandbox(dataDir)
  const [account] = accounts
  const key = keys.find((one) => one.usable && one.region === region)
  if (!account || !key) throw new Error('The stand-in has no user, or no key.')
  return {
    endpoint,
    accessKeyId: account.accessKeyId,
    secretAccessKey: account.secretAccessKey,
    region,
    bucket,
    keyArn: key.arn,
    empty: async () => void (await control('DELETE', 'objects')),
    countAnew: async () => void (await control('DELETE', 'requests')),
    async requests() {
      const { counts } = requests.parse(await control('GET', 'requests'))
      const sum = (service: string) => Object.values(counts[service] ?? {}).reduce((total, count) => total + count, 0)
      return { s3: sum('s3'), kms: sum('kms') }
    },
    async storedBytes() {
      const { buckets } = view.parse(await control('GET', 'view'))
      return buckets.find(({ name }) => name === bucket)?.bytes ?? 0
    },
    close: () => stop(child),
  }
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}
