import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { IamStore } from './iam/iam-store.ts'
import type { SandboxInfo } from './info.ts'

const noticeIn = (dataDir: string) => join(dataDir, 'sandbox.json')

/** Says where the sandbox on this folder listens, to whoever may read the folder. */
export function postNotice(dataDir: string, { endpoint }: SandboxInfo): void {
  writeFileSync(noticeIn(dataDir), JSON.stringify({ endpoint, pid: process.pid }), { mode: 0o600 })
}

export function removeNotice(dataDir: string): void {
  rmSync(noticeIn(dataDir), { force: true })
}

/** What the sandbox that another process runs on this folder holds, secrets included. Throws when none runs. */
export async function attachSandbox(dataDir: string): Promise<SandboxInfo> {
  const { endpoint } = JSON.parse(readFileSync(noticeIn(dataDir), 'utf8'))
  const response = await fetch(`${endpoint}/_sandbox/info`, { signal: AbortSignal.timeout(5_000) })
  if (!response.ok) throw new Error(`The sandbox answered ${response.status}.`)
  const info: SandboxInfo = await response.json()
  const { users } = new IamStore(dataDir)
  const secretOf = (id: string) => users.find((user) => user.accessKeyId === id)?.secretAccessKey ?? ''
  return {
    ...info,
    accounts: info.accounts.map((account) => ({ ...account, secretAccessKey: secretOf(account.accessKeyId) })),
  }
}
