import type { BackupContext } from '#lib/backup/backup-context.ts'
import { createDb, type Db } from '#lib/db.ts'
import { type Env, readEnv } from '#lib/env.ts'
import { AppError } from '#lib/errors.ts'
import { openQueue } from '#lib/jobs/queue.ts'
import { loadRootKey } from '#lib/seal/root-key.ts'
import { sealKeyWrapper } from '#lib/seal/seal-key-wrapper.ts'

/** Everything a process of the console works with, put together in one place. */
export interface Services {
  readonly env: Env
  readonly databaseUrl: string
  readonly db: Db
  readonly backup: BackupContext
  close(): Promise<void>
}

/** @throws AppError `unavailable` without a database or, in the sandbox, without the sandbox */
export async function openServices(env: Env = readEnv()): Promise<Services> {
  const { databaseUrl, dataDir, sourceRoots, restoreRoots, hostedBucket } = env
  if (!databaseUrl)
    throw new AppError('unavailable', 'DATABASE_URL is not set.', { fix: 'Start the console with npm start.' })
  const db = createDb(databaseUrl)
  const { id: installation } = await db.installation.findFirstOrThrow()
  const jobs = await openQueue(databaseUrl)
  return {
    env,
    databaseUrl,
    db,
    backup: {
      db,
      jobs,
      installation,
      seal: sealKeyWrapper(loadRootKey(dataDir)),
      own: await ownAccess(env),
      hostedBucket,
      dataDir,
      sourceRoots,
      restoreRoots,
    },
    async close() {
      await jobs.stop({ graceful: false })
      await db.$disconnect()
    },
  }
}

async function ownAccess(env: Env): Promise<BackupContext['own']> {
  if (env.aws === 'aws') return { credentials: undefined, endpoint: undefined }
  throw new AppError('unavailable', 'not yet')
}
