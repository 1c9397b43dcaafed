import { type AwsAccess, createAwsClients } from '#lib/aws/clients.ts'
import { accessTo, type BackupContext } from '#lib/backup/backup-context.ts'
import { accessOf, currentEnvironment } from '#lib/environment/access.ts'
import { keyArnsOf } from '#lib/environment/revision-row.ts'
import { openSecret } from '#lib/environment/stored-secret.ts'
import { type Kms, kmsOf } from '#lib/keys/kms.ts'
import { type KmsLookups, kmsLookupsOf } from '#lib/keys/kms-lookups.ts'
import { calledFor } from '#lib/kms-calls/called-for.ts'
import type { KmsPurpose } from '#lib/kms-calls/schema.ts'

export interface ReachedKey {
  readonly kms: Kms
  readonly lookups: KmsLookups
  readonly region: string
  /** What policies of this key know its users by. */
  readonly installation: string
  readonly environment: string
  close(): void
}

/**
 * Reaches a key as whoever needs it does: with the saved environment's credentials where that names it, otherwise with
 * those of the newest backup under it. Throws AppError `invalid` where they lead nowhere.
 */
export async function reachKey(given: BackupContext, arn: string, purpose: KmsPurpose = 'health'): Promise<ReachedKey> {
  const context = calledFor(given, purpose)
  const region = arn.split(':')[3] ?? ''
  const { access, installation, environment } = await wayTo(context, arn)
  const near = access.region === region ? {} : { kmsEndpoint: undefined, s3Endpoint: undefined }
  const clients = createAwsClients({ ...access, ...near, region }, 'interactive')
  const close = () => clients.destroy()
  return { kms: kmsOf(clients.kms), lookups: kmsLookupsOf(clients.kms), region, installation, environment, close }
}

async function wayTo(
  context: BackupContext,
  arn: string,
): Promise<{ access: AwsAccess; installation: string; environment: string }> {
  const { revision, ...current } = await currentEnvironment(context.db)
  const backup =
    revision && keyArnsOf(revision).includes(arn)
      ? null
      : await context.db.backup.findFirst({
          where: { keyIds: { has: arn }, state: { in: ['complete', 'running', 'waiting', 'queued'] } },
          orderBy: { createdAt: 'desc' },
        })
  if (backup) return { ...(await accessTo(context, backup)), environment: backup.environmentId }
  const access = revision
    ? accessOf(context, current, revision, await openSecret(context, current.id, revision))
    : { ...context.own, region: arn.split(':')[3] ?? '' }
  return { access, installation: context.installation, environment: current.id }
}
