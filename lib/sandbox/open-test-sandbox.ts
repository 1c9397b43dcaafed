import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KMSClient } from '@aws-sdk/client-kms'
import { S3Client } from '@aws-sdk/client-s3'
import { STSClient } from '@aws-sdk/client-sts'
import type { SandboxInfo } from './info.ts'
import { type SandboxOptions, startSandbox } from './server.ts'

export interface Credentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
}

/** The real SDK's clients, for one sandbox in a folder of its own. */
export async function openTestSandbox(options: Partial<SandboxOptions> = {}) {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'sandbox-'))
  const sandbox = await startSandbox({ port: 0, ...options, dataDir })
  const info = sandbox.info()
  const [administrator, stranger] = info.accounts
  if (!administrator || !stranger) throw new Error('The sandbox has no users')
  const closers: (() => void)[] = []

  function settings(region: string, credentials: Credentials) {
    return { endpoint: sandbox.endpoint, region, credentials: { ...credentials }, maxAttempts: 1 }
  }
  // biome-ignore lint/suspicious/noExplicitAny: JSON of the control interface, which the tests look into
  async function control(method: string, path: string, body?: unknown): Promise<any> {
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
    /** Makes a user who may do what the policy says, and gives its credentials. */
    async user(name: string, policy: object, account = administrator.id): Promise<Credentials & { arn: string }> {
      await control('DELETE', `users/${account}/${name}`)
      return await control('PUT', `users/${account}/${name}`, { policy })
    },
    async close(keepData = false): Promise<void> {
      for (const close of closers) close()
      await sandbox.close()
      if (!keepData) rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

export type TestSandbox = Awaited<ReturnType<typeof openTestSandbox>>

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
