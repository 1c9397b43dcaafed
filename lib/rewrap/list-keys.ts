import { createAwsClients } from '#lib/aws/clients.ts'
import { faultOf } from '#lib/aws/fault.ts'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { accessOf, currentEnvironment } from '#lib/environment/access.ts'
import { keyArnsOf } from '#lib/environment/revision-row.ts'
import { openSecret } from '#lib/environment/stored-secret.ts'
import { kmsOf } from '#lib/keys/kms.ts'

export const keyStates = [
  'healthy',
  'unreachable',
  'refused',
  'disabled',
  'pending deletion',
  'deleted',
  'not usable',
] as const
export type KeyState = (typeof keyStates)[number]

/** What hangs on a key. Sizes in bytes, times ISO 8601 in UTC. */
export interface KeyHolding {
  readonly arn: string
  readonly state: KeyState
  /** Complete backups that it opens. */
  readonly backups: number
  /** Of their content. */
  readonly bytes: number
  /** Of them, those that no other key opens. */
  readonly onlyWayIn: number
  readonly oldest: string | null
  readonly newest: string | null
  /** The saved Backup Environment wraps new backups under it. */
  readonly inUse: boolean
  /** Days until KMS deletes it, while it is pending deletion. */
  readonly daysLeft: number | null
}

/** Every KMS key that a backup or the saved environment names, with its state by DescribeKey now. */
export async function listKeys(context: BackupContext): Promise<KeyHolding[]> {
  const { db } = context
  const rows = await db.$queryRaw<
    { arn: string; backups: number; bytes: bigint; onlyWayIn: number; oldest: Date | null; newest: Date | null }[]
  >`
    SELECT key AS arn, count(*)::int AS backups, coalesce(sum(bytes), 0)::bigint AS bytes,
      count(*) FILTER (WHERE cardinality("keyIds") = 1)::int AS "onlyWayIn",
      min("createdAt") AS oldest, max("createdAt") AS newest
    FROM backup CROSS JOIN LATERAL unnest("keyIds") AS key
    WHERE state = 'complete' AND key LIKE 'arn:%' GROUP BY key ORDER BY key`
  const current = await currentEnvironment(db)
  const inUse = current.revision ? keyArnsOf(current.revision) : []
  const arns = [...new Set([...inUse, ...rows.map(({ arn }) => arn)])]
  return Promise.all(
    arns.map(async (arn) => {
      const row = rows.find((one) => one.arn === arn)
      return {
        arn,
        ...(await stateOf(context, arn)),
        backups: row?.backups ?? 0,
        bytes: Number(row?.bytes ?? 0n),
        onlyWayIn: row?.onlyWayIn ?? 0,
        oldest: row?.oldest?.toISOString() ?? null,
        newest: row?.newest?.toISOString() ?? null,
        inUse: inUse.includes(arn),
      }
    }),
  )
}

async function stateOf(context: BackupContext, arn: string): Promise<Pick<KeyHolding, 'state' | 'daysLeft'>> {
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
