import { PutBucketVersioningCommand } from '@aws-sdk/client-s3'
import { beforeAll, beforeEach } from 'vitest'
import { actor } from '#lib/backup/console-for-tests.ts'
import { gatedConsole } from '#lib/backup/gated-console-for-tests.ts'
import { runShreds } from './run-shreds.ts'
import type { ShredSelection } from './schema.ts'
import { previewShred } from './select-backups.ts'
import { startShred } from './start-shred.ts'

export const bucket = 'vault-hosted-us-east-1'
export const hour = 3_600_000

/** For the tests of one file: a console with a versioned bucket, nothing to shred before each, and a clock of its own. */
export function shreddingConsole() {
  const here = gatedConsole({ masterKey: 'alias/backups' })
  let source: string
  /** The console's clock, as these functions are told it. */
  let at = Date.parse('2026-11-23T08:00:00Z')
  const clock = { now: () => new Date(at) }
  beforeAll(async () => {
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await here.sandbox.s3().send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }))
    source = here.makeSmallSource()
  })
  beforeEach(async () => {
    await here.db.shredItem.deleteMany()
    await here.db.shred.deleteMany()
    await here.db.notice.deleteMany()
  })
  return Object.assign(here, {
    clock,
    /** So much time passes. */
    wait(ms: number): void {
      at += ms
    },
    backUp: (name: string) => here.complete(source, name),
    async shred(selection: ShredSelection, hours = 72): Promise<string> {
      const { digest, name } = await previewShred(here.db, selection)
      return startShred(here.context, { selection, digest, name, reason: 'End of contract', hours }, actor, clock.now())
    },
    /** So much time passes, and then a worker, as often as it takes until all that can be done is done. */
    async pass(ms = 0): Promise<void> {
      at += ms
      await runShreds(here.context, new AbortController().signal, clock)
    },
  })
}
