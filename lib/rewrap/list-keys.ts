import { createAwsClients } from '#lib/aws/clients.ts'
import { faultOf } from '#lib/aws/fault.ts'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { accessOf, currentEnvironment } from '#lib/environment/access.ts'
import { keyArnsOf } from '#lib/environment/revision-row.ts'
import { openSecret } from '#lib/environment/stored-secret.ts'
import { kmsOf } from '#lib/keys/kms.ts'
import type { KeyHolding, KeyStateNow } from './schema.ts'

/** Every KMS key that a backup or the saved environment names. Asks no key. */
export async function listHoldings({ db }: Pick<BackupContext, 'db'>): Promise<KeyHolding[]> {
  const rows = await db.$queryRaw<
    { arn: string; backups: number; bytes: bigint; onlyWayIn: number; oldest: Date | null; newest: Date | null }[]
  >`
    SELECT key AS arn, count(*)::int AS backups, coalesce(sum(bytes), 0)::bigint AS bytes,
      count(*) FILTER (WHERE cardinality("keyIds") = 1)::int AS "onlyWayIn",
      min("createdAt") AS oldest, max("createdAt") AS newest
    FROM backup CROSS JOIN LATERAL unnest("keyIds") AS key
    WHERE state = 'complete' AND key LIKE 'arn:%' GROUP BY key ORDER BY key`
  const { revision } = await currentEnvironment(db)
  const inUse = revision ? keyArnsOf(revision) : []
  return [...new Set([...inUse, ...rows.map(({ arn }) => arn)])].map((arn) => {
    const row = rows.find((one) => one.arn === arn)
    return {
      arn,
      backups: row?.backups ?? 0,
      bytes: Number(row?.bytes ?? 0n),
      onlyWayIn: row?.onlyWayIn ?? 0,
      oldest: row?.oldest?.toISOString() ?? null,
      newest: row?.newest?.toISOString() ?? null,
      inUse: inUse.includes(arn),
    }
  })
}

/** The same, with what KMS says of each key now. */
export async function listKeys(context: BackupContext): Promise<(KeyHolding & KeyStateNow)[]> {
  const holdings = await listHoldings(context)
  return Promise.all(holdings.map(async (one) => ({ ...one, ...(await keyStateNow(context, one.arn)) })))
}

/** By DescribeKey, with the credentials of the saved environment. Never throws for what KMS answers. */
export async function keyStateNow(context: BackupContext, arn: string): Promise<KeyStateNow> {
  const { revision, ...environment } = await currentEnvironment(context.db)
  const region = arn.split(':')[3] ?? ''
  const access = revision
    ? accessOf(context, environment, { ...revision, region }, await openSecret(context, environment.id, revision))
    : { ...context.own, region }
  const clients = createAwsClients(access, 'interactive')
  try {
    const { metadata } = await kmsOf(clients.kms).describe(arn)
    const { KeyState, DeletionDate } = metadata
    const daysLeft = DeletionDate ? Math.max(0, Math.ceil((DeletionDate.getTime() - Date.now()) / 86_400_000)) : null
    if (KeyState === 'Enabled') return { state: 'healthy', daysLeft: null }
    if (KeyState === 'Disabled') return { state: 'disabled', daysLeft: null }
    if (KeyState === 'PendingDeletion') return { state: 'pending deletion', daysLeft }
    return { state: 'not usable', daysLeft: null }
  } catch (error) {
    const fault = faultOf(error)
    if (fault.code === 'NotFoundException') return { state: 'deleted', daysLeft: null }
    return { state: fault.kind === 'unreachable' ? 'unreachable' : 'refused', daysLeft: null }
  } finally {
    clients.destroy()
  }
}
