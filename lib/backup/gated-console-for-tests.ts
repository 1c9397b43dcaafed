import { randomBytes } from 'node:crypto'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { paginateListObjectsV2 } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { type Gate, openGate } from '#lib/aws/gate-for-tests.ts'
import type { EnvironmentInput } from '#lib/environment/schema.ts'
import { openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { actor, openTestConsole, type TestConsole } from './console-for-tests.ts'
import { runBackup } from './run-backup.ts'
import { startBackup } from './start-backup.ts'

/** For the tests of one file: a sandbox without faults before each, a gate to it, and a console that goes through that. */
export function gatedConsole() {
  let sandbox: TestSandbox
  let gate: Gate
  let here: TestConsole
  beforeAll(async () => {
    sandbox = await openTestSandbox()
    gate = await openGate(sandbox.sandbox.endpoint)
    here = await openTestConsole({ endpoint: gate.endpoint, credentials: sandbox.administrator })
  })
  afterAll(async () => {
    await here.close()
    await gate.close()
    await sandbox.close()
  })
  afterEach(async () => {
    await sandbox.control('DELETE', 'faults')
    await sandbox.control('DELETE', 'requests')
    await here.db.worker.deleteMany()
  })
  const root = () => here.context.sourceRoots[0] ?? ''
  const start = (source: string, more: { name?: string; host?: string } = {}) =>
    startBackup(here.context, { source, name: '', ...more }, 'page', actor)
  const row = (id: string) => here.db.backup.findUniqueOrThrow({ where: { id } })
  return {
    // From the first test on.
    get sandbox() {
      return sandbox
    },
    get gate() {
      return gate
    },
    get context() {
      return here.context
    },
    get db() {
      return here.db
    },
    get folder() {
      return here.folder
    },
    get url() {
      return here.url
    },
    get environment() {
      return here.environment
    },
    save: (changes: Partial<EnvironmentInput>) => here.save(changes),
    /** The folder that sources lie in. */
    root,
    /** A folder in it, with something of everything; `megabytes` of it cannot be compressed. */
    makeSource(name: string, megabytes = 0): string {
      const folder = path.join(root(), name)
      mkdirSync(path.join(folder, 'inner', 'empty'), { recursive: true })
      writeFileSync(path.join(folder, 'a.txt'), 'hello\n', { mode: 0o640 })
      writeFileSync(path.join(folder, 'inner', 'nothing'), '')
      symlinkSync('../a.txt', path.join(folder, 'inner', 'link'))
      if (megabytes > 0) writeFileSync(path.join(folder, 'noise'), randomBytes(megabytes << 20))
      return folder
    },
    start,
    row,
    /** The ID of a backup of it that is complete. */
    async complete(source: string): Promise<string> {
      const id = await start(source)
      await runBackup(here.context, id, new AbortController().signal)
      expect(await row(id)).toMatchObject({ state: 'complete', error: null })
      return id
    },
    /** As if so much time had passed since it ended. */
    endedLongAgo: (id: string) =>
      here.db.backup.update({ where: { id }, data: { finishedAt: new Date(Date.now() - 600_000), nextTryAt: null } }),
    /** What lies in the bucket of a backup, by name from its folder. */
    async objectsOf(id: string): Promise<string[]> {
      const Prefix = `${here.environment}/backups/${id}/`
      const names: string[] = []
      const pages = paginateListObjectsV2({ client: sandbox.s3() }, { Bucket: 'vault-hosted-us-east-1', Prefix })
      for await (const { Contents = [] } of pages)
        for (const { Key = '' } of Contents) names.push(Key.slice(Prefix.length))
      return names.sort()
    },
    /** The audit log’s lines about a backup, oldest first: action and outcome. */
    async auditOf(id: string): Promise<string[]> {
      const where = { subject: { contains: id } }
      const rows = await here.db.auditEvent.findMany({ where, orderBy: { id: 'asc' } })
      return rows.map(({ action, outcome }) => `${action} ${outcome}`)
    },
  }
}
