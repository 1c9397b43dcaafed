import type { Tx } from '#lib/db.ts'
import { stateOf } from '#lib/key-health/state-of.ts'
import { healthOf } from '#lib/key-health/view-health.ts'
import { usableState } from '#lib/key-holdings/schema.ts'
import type { BackupRow, KeyTrouble } from './schema.ts'

// A backup is made with kms:Encrypt alone, so one under a key that may no longer Decrypt ends as any other. That nothing
// opens it the watch knows, and is asked when the backup is looked at, not when it ends: so it is told of every backup of
// the key, from the moment that it is known until it is mended, and of no backup that was re-wrapped since.

interface Wrapped {
  readonly state: BackupRow['state']
  readonly keyIds: readonly string[]
  /** In the middle of a re-wrap the keys of either envelope open it. */
  readonly nextKeyIds: readonly string[]
}

const keysOf = ({ keyIds, nextKeyIds }: Wrapped) => [...new Set([...keyIds, ...nextKeyIds])]

const arnsOf = (rows: readonly Wrapped[]) => [
  ...new Set(rows.filter(({ state }) => state === 'complete').flatMap(keysOf)),
]

/** Keys of complete backups that open nothing now, by what the watch found last. Asks no key. */
export async function keysThatOpenNothing(db: Tx, rows: readonly Wrapped[]): Promise<ReadonlySet<string>> {
  const where = { arn: { in: arnsOf(rows) } }
  const known = await db.keyHealth.findMany({ where, select: { arn: true, state: true } })
  return new Set(known.filter(({ state }) => !usableState(stateOf(state))).map(({ arn }) => arn))
}

/** The same with what is wrong with each, which is long; by ARN. */
export async function keyTroubles(db: Tx, rows: readonly Wrapped[]): Promise<ReadonlyMap<string, KeyTrouble>> {
  const health = await healthOf(db, arnsOf(rows))
  return new Map(
    [...health.values()]
      .filter(({ state }) => !usableState(state))
      .map(({ arn, state, since, checkedAt, diagnosis }) => [arn, { arn, state, since, checkedAt, diagnosis }]),
  )
}

/** Those of one backup, the main key’s first. */
export function troublesOf(row: Wrapped, troubles: ReadonlyMap<string, KeyTrouble>): KeyTrouble[] {
  return row.state === 'complete' ? keysOf(row).flatMap((keyId) => troubles.get(keyId) ?? []) : []
}

/** Whether nothing opens a backup now. A root key of the console (`AES-256`) is open as long as the console is. */
export function isLocked(row: Wrapped, openNothing: Pick<ReadonlySet<string>, 'has'>): boolean {
  const keys = keysOf(row)
  return row.state === 'complete' && keys.length > 0 && keys.every((keyId) => openNothing.has(keyId))
}
