import { randomBytes } from 'node:crypto'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { paginateListObjectsV2 } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { EnvironmentInput } from '#lib/environment/schema.ts'
import { keyArn, openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { actor, openTestConsole, type TestConsole } from './console-for-tests.ts'
import { backUpNow, restoreNow } from './jobs-for-tests.ts'
import { startBackup } from './start-backup.ts'

/** What stands between a console and its sandbox. */
export interface Between {
  readonly endpoint: string
  close(): Promise<void>
}

/**
 * For the tests of one file: a sandbox, and a console that uses it as its administrator does. What is `saved` is the first
 * revision of its Backup Environment. After each test the sandbox has no faults and has counted nothing, and the console
 * has no workers.
 */
export function sandboxConsole(
  saved?: Partial<EnvironmentInput>,
  open: (endpoint: string) => Promise<Between> = async (endpoint) => ({ endpoint, close: async () => {} }),
) {
  let sandbox: TestSandbox
  let between: Between
  let here: TestConsole
  beforeAll(async () => {
    sandbox = await openTestSandbox()
    between = await open(sandbox.sandbox.endpoint)
    here = await openTestConsole({ endpoint: between.endpoint, credentials: sandbox.administrator })
    if (saved) await here.save(saved)
  })
  afterAll(async () => {
    await here.close()
    await between.close()
    await sandbox.close()
  })
  afterEach(async () => {
    await sandbox.control('DELETE', 'faults')
    await sandbox.control('DELETE', 'requests')
    await here.db.worker.deleteMany()
  })
  const root = () => here.context.sourceRoots[0] ?? ''
  let targets = 0
  const newTarget = (name?: string) => {
    targets += 1
    return path.join(here.context.restoreRoots[0] ?? '', name ?? `restore-${targets}`)
  }
  const start = (source: string, more: { name?: string; host?: string } = {}) =>
    startBackup(here.context, { source, name: '', ...more }, 'page', actor)
  const row = (id: string) => here.db.backup.findUniqueOrThrow({ where: { id } })
  return {
    // From the first beforeAll on.
    get sandbox() {
      return sandbox
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
    newest: () => here.newest(),
    save: (changes: Partial<EnvironmentInput>) => here.save(changes),
    /** How often the sandbox was asked for what, since it last forgot. */
    counts: async () => (await sandbox.control('GET', 'requests')).counts,
    /** Has the sandbox fail so, until the test ends or it is told otherwise. */
    fail: (...faults: object[]) => sandbox.control('PUT', 'faults', faults),
    /** The ARN of a key of the sandbox’s first day. */
    key: (alias: string, region?: string) => keyArn(sandbox.info, alias, region),
    /** The folder that sources lie in. */
    root,
    /** A folder in it that holds the file `a` alone, which is the quickest to back up. */
    makeSmallSource(name = 'source', content = 'first'): string {
      const folder = path.join(root(), name)
      mkdirSync(folder, { recursive: true })
      writeFileSync(path.join(folder, 'a'), content)
      return folder
    },
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
    /** A place for a restore in the folder for restores; another one each time, unless it is named. */
    newTarget,
    start,
    row,
    /** The ID of a backup of it that is complete. */
    async complete(source: string, name = ''): Promise<string> {
      const id = await backUpNow(here.context, source, name)
      expect(await row(id)).toMatchObject({ state: 'complete', error: null })
      return id
    },
    /** Where a backup was restored to, all of it. */
    async restored(id: string): Promise<string> {
      const target = newTarget()
      expect(await restoreNow(here.context, id, target)).toMatchObject({ state: 'complete', error: null })
      return target
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
