import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KMSClient } from '@aws-sdk/client-kms'
import { S3Client } from '@aws-sdk/client-s3'
import { STSClient } from '@aws-sdk/client-sts'
import type { SandboxAccount, SandboxInfo } from './info.ts'
import type { RequestLog } from './request-log.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from './server.ts'
import { onAws } from './test-contract.ts'

export interface Credentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
}

/** The sandbox's control interface, of which tests look into these answers. */
interface Control {
  (method: 'GET', path: 'requests'): Promise<ReturnType<RequestLog['report']>>
  (method: 'PUT', path: `users/${string}`, body: { policy: object }): Promise<Credentials & { arn: string }>
  (method: string, path: string, body?: unknown): Promise<unknown>
}

/** A sandbox, or in its place a real account, and the real SDK's clients for it. */
export interface TestTarget {
  /** Undefined for a real account. */
  sandbox: Sandbox | undefined
  info: SandboxInfo
  dataDir: string
  administrator: SandboxAccount
  stranger: SandboxAccount
  /** Where a service listens, for requests made by hand. */
  address(service: 'kms' | 's3' | 'sts'): string
  /** A bucket's name as it is there, for requests made by hand. */
  real(bucket: string): string
  readonly control: Control
  kms(region?: string, credentials?: Credentials): KMSClient
  s3(region?: string, credentials?: Credentials): S3Client
  sts(region?: string, credentials?: Credentials): STSClient
  /** Makes a user who may do what the policy says, and gives its credentials. */
  user(name: string, policy: object, account?: string): Promise<Credentials & { arn: string }>
  close(keepData?: boolean): Promise<void>
}

export interface TestSandbox extends TestTarget {
  sandbox: Sandbox
}

/** What the contract tests run against: a sandbox of their own or, with VAULT_CONTRACT=aws, a real account. */
export async function openTarget(): Promise<TestTarget> {
  return onAws ? (await import('./test-aws-account.ts')).openAwsAccount() : openTestSandbox()
}

/** In memory where there is room: the sandbox flushes every change to disk, and a busy disk takes its time. */
function quickFolder(): string {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm')
    if (bavail * bsize > 2 ** 30) return '/dev/shm'
  } catch {
    // Not on this system.
  }
  return tmpdir()
}

/** A sandbox in a folder of its own. */
export async function openTestSandbox(options: Partial<SandboxOptions> = {}): Promise<TestSandbox> {
  const dataDir = options.dataDir ?? mkdtempSync(join(quickFolder(), 'sandbox-'))
  const sandbox = await startSandbox({ port: 0, ...options, dataDir })
  const info = sandbox.info()
  const [administrator, stranger] = info.accounts
  if (!administrator || !stranger) throw new Error('The sandbox has no users')
  const closers: (() => void)[] = []

  function settings(region: string, credentials: Credentials) {
    return { endpoint: sandbox.endpoint, region, credentials: { ...credentials }, maxAttempts: 1 }
  }
  async function control(method: 'GET', path: 'requests'): Promise<ReturnType<RequestLog['report']>>
  async function control(method: 'PUT', path: `users/${string}`, body: object): Promise<Credentials & { arn: string }>
  async function control(method: string, path: string, body?: unknown): Promise<unknown>
  async function control(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${sandbox.endpoint}/_sandbox/${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return response.status === 204 ? undefined : await response.json()
  }

  return {
    sandbox,
    info,
    dataDir,
    administrator,
    stranger,
    control,
    address: () => sandbox.endpoint,
    real: (bucket) => bucket,
    kms(region = 'us-east-1', credentials: Credentials = administrator): KMSClient {
      const client = new KMSClient(settings(region, credentials))
      closers.push(() => client.destroy())
      return client
    },
    s3(region = 'us-east-1', credentials: Credentials = administrator): S3Client {
      const client = new S3Client({ ...settings(region, credentials), forcePathStyle: true })
      closers.push(() => client.destroy())
      return client
    },
    sts(region = 'us-east-1', credentials: Credentials = administrator): STSClient {
      const client = new STSClient(settings(region, credentials))
      closers.push(() => client.destroy())
      return client
    },
    async user(name, policy, account = administrator.id) {
      await control('DELETE', `users/${account}/${name}`)
      return control('PUT', `users/${account}/${name}`, { policy })
    },
    async close(keepData = false): Promise<void> {
      for (const close of closers) close()
      await sandbox.close()
      if (!keepData) rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** Name, message and HTTP status of what a call was refused with; fails when it was not. */
export async function refusal(call: Promise<unknown>): Promise<{ name: string; message: string; status: number }> {
  try {
    await call
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const metadata: { httpStatusCode?: number } = '$metadata' in error ? Object(error.$metadata) : {}
    return { name: error.name, message: error.message, status: metadata.httpStatusCode ?? 0 }
  }
  throw new Error('The call was not refused')
}

/** A key of the sandbox's first day, by alias. */
export function keyArn(info: SandboxInfo, alias: string, region = 'us-east-1'): string {
  const key = info.keys.find((candidate) => candidate.alias === `alias/${alias}` && candidate.region === region)
  if (!key) throw new Error(`No key alias/${alias} in ${region}`)
  return key.arn
}
