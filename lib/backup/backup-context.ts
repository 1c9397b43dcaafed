import { type AwsAccess, accessIn, createAwsClients } from '#lib/aws/clients.ts'
import { accessOf, currentEnvironment, type EnvironmentContext } from '#lib/environment/access.ts'
import { openSecret } from '#lib/environment/stored-secret.ts'
import { AppError } from '#lib/errors.ts'
import type { Jobs } from '#lib/jobs/queue.ts'
import type { HealthTimes } from '#lib/key-health/schema.ts'
import type { KeyWrapper } from '#lib/keys/key-wrapper.ts'
import { kmsOf } from '#lib/keys/kms.ts'
import { kmsKeyWrapper } from '#lib/keys/kms-key-wrapper.ts'
import type { SealKeys } from '#lib/seal/seal.ts'
import type { ObjectStore } from '#lib/storage/object-store.ts'
import { s3Store } from '#lib/storage/s3-store.ts'
import { s3Versions, type VersionedBucket } from '#lib/storage/s3-versions.ts'
import type { BackupIdentity } from './encryption-context.ts'
import { environmentFolder } from './layout.ts'
import type { PinnedBackup } from './pinned-backup.ts'

/** What backups and restores need from the composition root. */
export interface BackupContext extends EnvironmentContext {
  readonly jobs: Jobs
  /** Keys of the console's own seal, and how often they are tried; absent where the seal is a key file. */
  readonly sealKeys?: (SealKeys & { readonly times: HealthTimes }) | undefined
  readonly dataDir: string
  readonly sourceRoots: readonly string[]
  readonly restoreRoots: readonly string[]
}

export interface Connection {
  readonly store: ObjectStore
  /** The same bucket with every version of its objects, and not only the current ones. */
  readonly versions: VersionedBucket
  readonly identity: BackupIdentity
  /** What wraps or opens the key with this ID. */
  keyWrapper(keyId: string): KeyWrapper
  /** What the database says of the backup by now. */
  readRow(): Promise<PinnedBackup | null>
  close(): void
}

export interface BackupPlace {
  readonly id: string
  readonly environmentId: string
  readonly revision: number
  readonly region: string
  readonly bucket: string
  readonly prefix: string
  /** Which installation it belongs to, where the database does not say. */
  readonly installation?: string
}

/**
 * Reaches a backup's bucket and keys with the credentials of the newest revision that names its bucket: those of the
 * revision that it was started with may have been rotated since. A backup that came with another installation's catalogue
 * is reached with the credentials that this installation has now.
 */
export async function connectBackup(
  context: BackupContext,
  backup: BackupPlace,
  patience: 'interactive' | 'background' = 'background',
): Promise<Connection> {
  const reach = await openReach(context, backup, patience)
  return { ...reach.connect(backup), close: reach.close }
}

/** What a revision's credentials reach in one Region, for as many of its backups as there are. */
export interface Reach {
  /** A connection that stays open until the reach is closed. */
  connect(backup: BackupPlace): Connection
  close(): void
}

/** @param place any backup of that revision and Region, of the same installation */
export async function openReach(
  context: BackupContext,
  place: Pick<BackupPlace, 'environmentId' | 'revision' | 'region' | 'installation'>,
  patience: 'interactive' | 'background' = 'background',
): Promise<Reach> {
  const { region } = place
  const { access: found, installation, savedFor } = await accessTo(context, place)
  const access = { ...found, region }
  const whose = typedKey(context, access, savedFor)
  const clients = createAwsClients(access, patience)
  // A further key may be in another Region.
  const elsewhere = new Map<string, ReturnType<typeof createAwsClients>>()
  const kmsIn = (keyRegion: string) => {
    if (keyRegion === region) return clients.kms
    const there = elsewhere.get(keyRegion) ?? createAwsClients(accessIn(access, keyRegion), patience)
    elsewhere.set(keyRegion, there)
    return there.kms
  }
  const { seal } = context
  const connect = ({ id, environmentId, bucket, prefix }: BackupPlace): Connection => ({
    store: s3Store(clients.s3, bucket, { shownBy: shownBy('byok key check'), whose }),
    versions: s3Versions(clients.s3, bucket, environmentFolder({ prefix, environment: environmentId })),
    identity: { installation, environment: environmentId, backup: id, prefix },
    keyWrapper(keyId) {
      if (keyId.startsWith('root-key/')) return seal
      if (!keyId.startsWith('arn:')) throw new AppError('integrity', `“${keyId}” is neither a key ARN nor a root key.`)
      const keyRegion = keyId.split(':')[3] ?? region
      return kmsKeyWrapper(kmsOf(kmsIn(keyRegion)), {
        keyArn: keyId,
        region: keyRegion,
        callerArn: undefined,
        installation,
        environment: environmentId,
        shownBy: shownBy(`byok key check ${keyId}`),
        whose,
      })
    },
    readRow: () => context.db.backup.findUnique({ where: { id }, omit: { envelope: true, nextEnvelope: true } }),
    close() {},
  })
  return {
    connect,
    close() {
      for (const opened of [clients, ...elsewhere.values()]) opened.destroy()
    },
  }
}

/**
 * The credentials and endpoints that lead to a place: see `connectBackup`.
 * @returns them, the installation that encryption contexts there name, and the bucket whose newest credentials they are;
 *   without a bucket they are those of the settings in force
 */
export async function accessTo(
  context: BackupContext,
  {
    environmentId,
    revision: number,
    region,
    installation,
  }: Pick<BackupPlace, 'environmentId' | 'revision' | 'region' | 'installation'>,
): Promise<{ access: AwsAccess; installation: string; savedFor?: string }> {
  const { db } = context
  const foreign =
    installation ??
    (await db.environment.findUnique({ where: { id: environmentId }, select: { installation: true } }))?.installation
  if (!foreign) {
    const where = { environmentId_number: { environmentId, number } }
    const select = { region: true, bucket: true, hosted: true } as const
    const place = await db.environmentRevision.findUnique({ where, select })
    // The database was put back and is older than the catalogue that the backup came with: it has no such revision.
    if (!place) return accessOfNow(context, region, context.installation)
    const revision = await db.environmentRevision.findFirstOrThrow({
      where: { environmentId, ...place },
      orderBy: { number: 'desc' },
      include: { environment: true },
    })
    const secret = await openSecret(context, environmentId, revision)
    const access = accessOf(context, revision.environment, revision, secret)
    return { access, installation: context.installation, savedFor: place.bucket }
  }
  return accessOfNow(context, region, foreign)
}

/** With the settings in force, or, before the first save, with the console's own credentials. */
async function accessOfNow(
  context: BackupContext,
  region: string,
  installation: string,
): Promise<{ access: AwsAccess; installation: string }> {
  const { revision, ...own } = await currentEnvironment(context.db)
  if (!revision) return { access: { ...context.own, region }, installation }
  const access = accessOf(context, own, revision, await openSecret(context, own.id, revision))
  return { access: accessIn(access, region), installation }
}

/** Of an access key that was typed: which it is, and how it is replaced, also where the settings have moved on since. */
function typedKey({ own }: BackupContext, { credentials }: AwsAccess, savedFor?: string): string | undefined {
  if (credentials === own.credentials || !('accessKeyId' in credentials)) return undefined
  const which = `It is the access key ${credentials.accessKeyId}`
  return savedFor === undefined
    ? `${which} of the Backup Environment: save that with another one.`
    : `${which}, the newest that was saved for the bucket ${savedFor}: save the Backup Environment with another one for that bucket, and, if another bucket is in use by now, then with that again.`
}

const shownBy = (command: string) =>
  `What to add is shown by Test key in Settings > Backup Environment, and by ${command}.`
