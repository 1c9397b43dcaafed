import { createAwsClients } from '#lib/aws/clients.ts'
import { accessOf, type EnvironmentContext, openSecret } from '#lib/environment/access.ts'
import { AppError } from '#lib/errors.ts'
import type { Jobs } from '#lib/jobs/queue.ts'
import type { KeyWrapper } from '#lib/keys/key-wrapper.ts'
import { kmsOf } from '#lib/keys/kms.ts'
import { kmsKeyWrapper } from '#lib/keys/kms-key-wrapper.ts'
import type { ObjectStore } from '#lib/storage/object-store.ts'
import { s3Store } from '#lib/storage/s3-store.ts'
import type { BackupIdentity } from './context.ts'

/** What backups and restores need from the composition root. */
export interface BackupContext extends EnvironmentContext {
  readonly jobs: Jobs
  readonly dataDir: string
  readonly sourceRoots: readonly string[]
  readonly restoreRoots: readonly string[]
}

export interface Connection {
  readonly store: ObjectStore
  readonly identity: BackupIdentity
  /** What wraps or opens the key with this ID. */
  keyWrapper(keyId: string): KeyWrapper
  close(): void
}

interface BackupPlace {
  readonly id: string
  readonly environmentId: string
  readonly revision: number
  readonly region: string
  readonly bucket: string
  readonly prefix: string
}

/** Reaches a backup's bucket and keys with the credentials of the revision that it was started with. */
export async function connectBackup(context: BackupContext, backup: BackupPlace): Promise<Connection> {
  const { environmentId, revision: number, region, bucket, prefix } = backup
  const revision = await context.db.environmentRevision.findUniqueOrThrow({
    where: { environmentId_number: { environmentId, number } },
  })
  const access = accessOf(context, revision, await openSecret(context, environmentId, revision))
  const clients = createAwsClients({ ...access, region }, 'background')
  const kms = kmsOf(clients.kms)
  const { installation, seal } = context
  return {
    store: s3Store(clients.s3, bucket),
    identity: { installation, environment: environmentId, backup: backup.id, prefix },
    keyWrapper(keyId) {
      if (keyId.startsWith('root-key/')) return seal
      if (!keyId.startsWith('arn:')) throw new AppError('integrity', `“${keyId}” is neither a key ARN nor a root key.`)
      return kmsKeyWrapper(kms, {
        keyArn: keyId,
        region,
        callerArn: undefined,
        installation,
        environment: environmentId,
      })
    },
    close: () => clients.destroy(),
  }
}
