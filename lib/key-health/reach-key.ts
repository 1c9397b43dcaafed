import { type AwsAccess, accessIn, createAwsClients } from '#lib/aws/clients.ts'
import { accessTo, type BackupContext } from '#lib/backup/backup-context.ts'
import { underWayStates } from '#lib/backup/under-way-schema.ts'
import type { Tx } from '#lib/db.ts'
import { accessOf, currentEnvironment } from '#lib/environment/access.ts'
import { keyArnsOf } from '#lib/environment/revision-row.ts'
import { openSecret } from '#lib/environment/stored-secret.ts'
import type { KeyContext } from '#lib/keys/key-wrapper.ts'
import { type Kms, kmsOf } from '#lib/keys/kms.ts'
import { type KmsLookups, kmsLookupsOf } from '#lib/keys/kms-lookups.ts'
import { calledFor } from '#lib/kms-calls/called-for.ts'
import type { KmsPurpose } from '#lib/kms-calls/schema.ts'
import { probeContext } from '#lib/seal/seal.ts'

/** What for a key is needed, each with credentials of its own. */
export type KeyUse = 'backups' | 'seal'

export interface ReachedKey {
  readonly kms: Kms
  readonly lookups: KmsLookups
  readonly region: string
  /** What policies of this key know its users by. */
  readonly installation: string
  readonly environment: string
  /** What a try is bound to, where that is settled. */
  readonly boundTo?: KeyContext
  close(): void
}

/**
 * What a key is needed for, backups first. The seal needs every key that is its only way to a root key: its present one,
 * and an earlier one until `byok seal rewrap` has run. A key that is needed for nothing counts as one for backups.
 */
export async function usesOf({ db, sealKeys }: BackupContext, arn: string): Promise<KeyUse[]> {
  const sealed = sealKeys ? sealNeeds(await wrapsOf(db), sealKeys.keyArn).includes(arn) : false
  if (!sealed) return ['backups']
  const { revision } = await currentEnvironment(db)
  const backups = (revision && keyArnsOf(revision).includes(arn)) || (await newestBackup(db, arn)) !== null
  return backups ? ['backups', 'seal'] : ['seal']
}

/** @param wraps of each root key, the key IDs that unwrap it */
export function sealNeeds(wraps: readonly (readonly string[])[], keyArn: string): string[] {
  const needed = wraps.flatMap((one) => (one.includes(keyArn) ? [keyArn] : one.filter((id) => id.startsWith('arn:'))))
  return [...new Set(needed)]
}

async function wrapsOf(db: Tx): Promise<string[][]> {
  const rows = await db.rootKey.findMany({ select: { wraps: { select: { keyId: true } } } })
  return rows.map(({ wraps }) => wraps.map(({ keyId }) => keyId))
}

/**
 * Reaches a key as whoever needs it does: the seal's with the credentials of the seal's own configuration, which nothing
 * else is asked with; a backup's with those of the saved environment where that names it, otherwise with those of the
 * newest backup under it. Throws AppError `invalid` where they lead nowhere.
 */
export async function reachKey(
  given: BackupContext,
  arn: string,
  purpose: KmsPurpose = 'health',
  use?: KeyUse,
): Promise<ReachedKey> {
  const { sealKeys, installation: here } = given
  if (sealKeys && (use ?? (await usesOf(given, arn))[0]) === 'seal') {
    const boundTo = probeContext(here)
    // The seal keeps its connections as long as it is open.
    return { ...sealKeys.reach(arn), installation: here, environment: 'seal', boundTo, close() {} }
  }
  const context = calledFor(given, purpose)
  const region = arn.split(':')[3] ?? ''
  const { access, installation, environment } = await wayTo(context, arn)
  const clients = createAwsClients(accessIn(access, region), 'interactive')
  const close = () => clients.destroy()
  return { kms: kmsOf(clients.kms), lookups: kmsLookupsOf(clients.kms), region, installation, environment, close }
}

async function wayTo(
  context: BackupContext,
  arn: string,
): Promise<{ access: AwsAccess; installation: string; environment: string }> {
  const { revision, ...current } = await currentEnvironment(context.db)
  const backup = revision && keyArnsOf(revision).includes(arn) ? null : await newestBackup(context.db, arn)
  if (backup) return { ...(await accessTo(context, backup)), environment: backup.environmentId }
  const access = revision
    ? accessOf(context, current, revision, await openSecret(context, current.id, revision))
    : { ...context.own, region: arn.split(':')[3] ?? '' }
  return { access, installation: context.installation, environment: current.id }
}

function newestBackup(db: Tx, arn: string) {
  return db.backup.findFirst({
    where: { keyIds: { has: arn }, state: { in: ['complete', ...underWayStates] } },
    orderBy: { createdAt: 'desc' },
  })
}
