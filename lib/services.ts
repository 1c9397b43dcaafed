import path from 'node:path'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { createDb, type Db } from '#lib/db.ts'
import { type Env, readEnv } from '#lib/env.ts'
import type { OfferedKey } from '#lib/environment/schema.ts'
import { AppError } from '#lib/errors.ts'
import { openQueue } from '#lib/jobs/queue.ts'
import { attachSandbox } from '#lib/sandbox/attach.ts'
import { openSandboxControl, type SandboxControl } from '#lib/sandbox/open-control.ts'
import { loadRootKey } from '#lib/seal/root-key.ts'
import { sealKeyWrapper } from '#lib/seal/seal-key-wrapper.ts'

/** Everything a process of the console works with, put together in one place. */
export interface Services {
  readonly env: Env
  readonly databaseUrl: string
  readonly db: Db
  readonly backup: BackupContext
  /** Usable ones first; none outside the sandbox. */
  offeredKeys(): Promise<OfferedKey[]>
  /** Steers the sandbox; undefined with real AWS. */
  readonly sandbox: SandboxControl | undefined
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
    offeredKeys: () => offeredKeys(env),
    sandbox: env.aws === 'sandbox' ? openSandboxControl(path.join(dataDir, 'sandbox')) : undefined,
    async close() {
      await jobs.stop({ graceful: false })
      await db.$disconnect()
    },
  }
}

/** How this console itself reaches AWS. Together with `offeredKeys` and `sandbox`, all that it knows of the sandbox. */
async function ownAccess(env: Env): Promise<BackupContext['own']> {
  if (env.aws === 'aws') return { credentials: undefined, endpoint: undefined }
  try {
    const { accounts, endpoint } = await attachSandbox(path.join(env.dataDir, 'sandbox'))
    return { credentials: accounts[0], endpoint }
  } catch (cause) {
    throw new AppError('unavailable', 'The sandbox is not running.', {
      cause,
      fix: 'Start the console with npm start.',
    })
  }
}

/** Keys to click in the form: the sandbox's. An administrator of real AWS knows theirs. */
async function offeredKeys(env: Env): Promise<OfferedKey[]> {
  if (env.aws !== 'sandbox') return []
  try {
    const { keys } = await attachSandbox(path.join(env.dataDir, 'sandbox'))
    return keys.map(({ arn, alias, region, usable, about }) => ({ arn, alias: alias ?? null, region, usable, about }))
  } catch {
    // The page works without them, and health says that the sandbox is down.
    return []
  }
}
