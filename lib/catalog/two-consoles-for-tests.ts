import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect } from 'vitest'
import { actor, openTestConsole, type TestConsole } from '#lib/backup/console-for-tests.ts'
import { backUpNow, restoreNow } from '#lib/backup/jobs-for-tests.ts'
import { keyArn, openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { importCatalog } from './import-catalog.ts'
import type { CatalogPlace } from './read-catalog.ts'

export const bucket = 'catalog-here'
export const region = 'us-east-1'

/**
 * For the tests of one file: console `a` makes backups and stores its catalogue; console `b`, with an empty database of
 * its own, takes them over.
 */
export function twoConsoles() {
  let sandbox: TestSandbox
  let a: TestConsole
  let b: TestConsole
  let keys: readonly [string, string]
  beforeAll(async () => {
    sandbox = await openTestSandbox()
    await sandbox.s3().send(new CreateBucketCommand({ Bucket: bucket }))
    const own = { credentials: sandbox.administrator, endpoint: sandbox.info.endpoint }
    ;[a, b] = await Promise.all([openTestConsole(own), openTestConsole(own)])
    keys = [keyArn(sandbox.info, 'backups'), keyArn(sandbox.info, 'archive')]
    await a.save({ masterKey: keys[0], hosted: false, bucket, prefix: 'a/b' })
  })
  afterAll(async () => {
    await Promise.all([a.close(), b.close()])
    await sandbox.close()
  })
  let trees = 0
  let targets = 0
  /** As the person says who recovers: from their own records. */
  const place = (changes: Partial<CatalogPlace> = {}): CatalogPlace => ({
    region,
    bucket,
    prefix: 'a/b',
    environment: a.environment,
    time: undefined,
    keys: [keys[0]],
    ...changes,
  })
  return {
    // From the first beforeAll on.
    get sandbox() {
      return sandbox
    },
    get a() {
      return a
    },
    get b() {
      return b
    },
    get keys() {
      return keys
    },
    /** A folder of `a`’s to back up. */
    plant(): string {
      trees += 1
      const source = path.join(a.folder, 'sources', `tree-${trees}`)
      mkdirSync(path.join(source, 'inner'), { recursive: true })
      writeFileSync(path.join(source, 'inner', 'random'), randomBytes(100_000))
      writeFileSync(path.join(source, 'name'), `tree ${trees}`)
      return source
    },
    async backUp(source: string, name: string): Promise<string> {
      const id = await backUpNow(a.context, source, name)
      expect(await a.db.backup.findUniqueOrThrow({ where: { id } })).toMatchObject({ state: 'complete' })
      return id
    },
    /** Where a backup was restored to, all of it. */
    async restored({ context, folder }: TestConsole, id: string): Promise<string> {
      targets += 1
      const target = path.join(folder, 'restores', `restored-${targets}`)
      expect(await restoreNow(context, id, target)).toMatchObject({ state: 'complete', error: null })
      return target
    },
    place,
    take: (into: TestConsole, dryRun = false, changes: Partial<CatalogPlace> = {}) =>
      importCatalog(into.context, place(changes), { dryRun, actor }),
  }
}
