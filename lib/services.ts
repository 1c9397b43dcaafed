import path from 'node:path'
import { sealWebhookUrl } from '#lib/alerts/seal-webhook-url.ts'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { type LinePatience, patient } from '#lib/database-line.ts'
import { createDb, type Db } from '#lib/db.ts'
import { type Env, readEnv } from '#lib/env.ts'
import type { Offered } from '#lib/environment/schema.ts'
import { AppError } from '#lib/errors.ts'
import { openQueue } from '#lib/jobs/queue.ts'
import { openKmsTally } from '#lib/kms-calls/tally.ts'
import { attachSandbox } from '#lib/sandbox/attach.ts'
import { openSandboxControl, type SandboxControl } from '#lib/sandbox/open-control.ts'
import type { SealHost } from '#lib/seal/open-seal.ts'
import type { Seal } from '#lib/seal/seal.ts'
import { unseal } from '#lib/seal/unseal.ts'

/** Everything a process of the console works with, put together in one place. */
export interface Services {
  readonly env: Env
  readonly databaseUrl: string
  readonly db: Db
  readonly backup: BackupContext
  /** The same, for what may take long in this process, and what a pause of the database must not end. */
  forJob(): BackupContext
  /** Nothing outside the sandbox. */
  offered(): Promise<Offered>
  /** What wraps the console's root keys. */
  readonly seal: Seal
  sealHost(): Promise<SealHost>
  /** Steers the sandbox; undefined with real AWS. */
  readonly sandbox: SandboxControl | undefined
  close(): Promise<void>
}

/** Where the seal's settings come from in this process. */
export async function sealHostOf(env: Env): Promise<SealHost> {
  const { dataDir, configFile, sealVariables } = env
  return { dataDir, configFile, variables: sealVariables, own: await ownAccess(env) }
}

/**
 * @param options.line how long to wait for the database; as jobs do unless told
 * @param options.follow whether a seal that names another key than before gets a root key of its own, and what an older
 * console left unsealed is sealed: only where the console itself starts
 * @throws AppError `unavailable` without a database or, in the sandbox, without the sandbox; `sealed` with the diagnosis
 * while the seal does not open
 */
export async function openServices(
  env: Env = readEnv(),
  { follow = true, line = patient }: { follow?: boolean; line?: LinePatience } = {},
): Promise<Services> {
  const { databaseUrl, dataDir, sourceRoots, restoreRoots, hostedBucket, allowedEndpoints } = env
  if (!databaseUrl)
    throw new AppError('unavailable', 'DATABASE_URL is not set.', { fix: 'Start the console with npm start.' })
  const db = createDb(databaseUrl, line)
  const opened = await open(db, env, follow).catch(async (error: unknown) => {
    await db.$disconnect()
    throw error
  })
  const { installation, host, keyring, seal, kmsTally } = opened
  const jobs = await openQueue(databaseUrl)
  const backup: BackupContext = {
    db,
    jobs,
    installation,
    seal: keyring,
    sealKeys: seal.keys && { ...seal.keys, times: env.sealHealth },
    own: { ...host.own, onKmsCall: kmsTally.of('other') },
    kmsTally,
    hostedBucket,
    allowedEndpoints,
    dataDir,
    sourceRoots,
    restoreRoots,
  }
  let ofJobs = line === patient ? db : undefined
  return {
    env,
    databaseUrl,
    db,
    backup,
    forJob() {
      ofJobs ??= createDb(databaseUrl)
      return { ...backup, db: ofJobs }
    },
    offered: () => offered(env),
    seal,
    sealHost: () => sealHostOf(env),
    sandbox: env.aws === 'sandbox' ? openSandboxControl(path.join(dataDir, 'sandbox')) : undefined,
    async close() {
      seal.close()
      await kmsTally.close()
      await jobs.stop({ graceful: false })
      await db.$disconnect()
      await ofJobs?.$disconnect()
    },
  }
}

async function open(db: Db, env: Env, follow: boolean) {
  const { id: installation } = await db.installation.findFirstOrThrow()
  const host = await sealHostOf(env)
  const kmsTally = openKmsTally(db)
  const counted = { ...host, own: { ...host.own, onKmsCall: kmsTally.of('seal') } }
  try {
    const unsealed = await unseal({ db, installation }, counted, { follow })
    if (follow) await sealWebhookUrl({ db, installation, seal: unsealed.keyring })
    return { installation, host, kmsTally, ...unsealed }
  } catch (error) {
    await kmsTally.close()
    throw error
  }
}

/** How this console itself reaches AWS. Together with `offered` and `sandbox`, all that it knows of the sandbox. */
async function ownAccess(env: Env): Promise<BackupContext['own']> {
  const { proxy } = env
  if (env.aws === 'aws') return { credentials: { variables: env.awsVariables }, endpoint: undefined, proxy }
  try {
    const { accounts, endpoint } = await attachSandbox(path.join(env.dataDir, 'sandbox'))
    const [administrator] = accounts
    if (!administrator) throw new Error('The sandbox has no users.')
    const { accessKeyId, secretAccessKey } = administrator
    return { credentials: { accessKeyId, secretAccessKey }, endpoint, proxy }
  } catch (cause) {
    throw new AppError('unavailable', 'The sandbox is not running.', {
      cause,
      fix: 'Start the console with npm start. Where it works with AWS, set VAULT_AWS=aws here as well.',
    })
  }
}

/** Keys and roles to click in the form: the sandbox's. An administrator of real AWS knows theirs. */
async function offered(env: Env): Promise<Offered> {
  const nothing = { keys: [], roles: [] }
  if (env.aws !== 'sandbox') return nothing
  try {
    const { keys, roles } = await attachSandbox(path.join(env.dataDir, 'sandbox'))
    return {
      keys: keys.map(({ arn, alias, region, usable, about }) => ({ arn, alias: alias ?? null, region, usable, about })),
      roles: roles.map(({ arn, usable, about }) => ({ arn, usable, about })),
    }
  } catch {
    // The page works without them, and health says that the sandbox is down.
    return nothing
  }
}
