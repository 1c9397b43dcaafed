import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeDurably } from './durable-file.ts'
import { IamStore } from './iam/iam-store.ts'
import type { SandboxInfo } from './info.ts'

const noticePath = (dataDir: string) => join(dataDir, 'sandbox.json')

/** Says where the sandbox on this folder listens, to whoever may read the folder. */
export function postNotice(dataDir: string, endpoint: string): void {
  writeDurably(noticePath(dataDir), `${JSON.stringify({ endpoint, pid: process.pid })}\n`)
}

export function removeNotice(dataDir: string): void {
  rmSync(noticePath(dataDir), { force: true })
}

/** The sandbox is there, and said no, in a sentence of its own. */
export class SandboxRefusal extends Error {}

/**
 * One call to the control interface of the sandbox that another process runs on this folder.
 * Throws Error when none runs, and SandboxRefusal when it refuses.
 */
export async function callSandbox(
  dataDir: string,
  method: string,
  path: string,
  { body, timeoutMs = 5000 }: { body?: unknown; timeoutMs?: number } = {},
): Promise<Response> {
  let notice: { endpoint: string }
  try {
    notice = JSON.parse(readFileSync(noticePath(dataDir), 'utf8'))
  } catch (cause) {
    throw new Error(`No sandbox runs on ${dataDir}.`, { cause })
  }
  const { endpoint } = notice
  const response = await fetch(`${endpoint}/_sandbox/${path}`, {
    method,
    signal: AbortSignal.timeout(timeoutMs),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch((cause: unknown) => {
    throw new Error(`The sandbox on ${dataDir} does not answer at ${endpoint}.`, { cause })
  })
  if (response.ok) return response
  const { error }: { error?: string } = await response.json().catch(() => ({}))
  if (error !== undefined) throw new SandboxRefusal(error)
  throw new Error(`The sandbox on ${dataDir} answered ${response.status}.`)
}

/** What the sandbox that another process runs on this folder holds, secrets included. Throws when none runs. */
export async function attachSandbox(dataDir: string): Promise<SandboxInfo> {
  const info: SandboxInfo = await (await callSandbox(dataDir, 'GET', 'info')).json()
  const { users } = new IamStore(dataDir)
  const secretOf = (id: string) => users.find((user) => user.accessKeyId === id)?.secretAccessKey ?? ''
  return {
    ...info,
    accounts: info.accounts.map((account) => ({ ...account, secretAccessKey: secretOf(account.accessKeyId) })),
  }
}
