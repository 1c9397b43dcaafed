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

/** What the sandbox that another process runs on this folder holds, secrets included. Throws when none runs. */
export async function attachSandbox(dataDir: string): Promise<SandboxInfo> {
  let notice: { endpoint: string }
  try {
    notice = JSON.parse(readFileSync(noticePath(dataDir), 'utf8'))
  } catch (cause) {
    throw new Error(`No sandbox runs on ${dataDir}.`, { cause })
  }
  const { endpoint } = notice
  const signal = AbortSignal.timeout(5000)
  const response = await fetch(`${endpoint}/_sandbox/info`, { signal }).catch((cause: unknown) => {
    throw new Error(`The sandbox on ${dataDir} does not answer at ${endpoint}.`, { cause })
  })
  if (!response.ok) throw new Error(`The sandbox on ${dataDir} answered ${response.status}.`)
  const info: SandboxInfo = await response.json()
  const { users } = new IamStore(dataDir)
  const secretOf = (id: string) => users.find((user) => user.accessKeyId === id)?.secretAccessKey ?? ''
  return {
    ...info,
    accounts: info.accounts.map((account) => ({ ...account, secretAccessKey: secretOf(account.accessKeyId) })),
  }
}
