import type { BackupContext } from '#lib/backup/backup-context.ts'
import type { Tx } from '#lib/db.ts'
import { type KeyFacts, readKeyFacts } from '#lib/key-holdings/read-facts.ts'
import { isForBackups, type KeyHolding, usableState } from '#lib/key-holdings/schema.ts'
import { weighKeys } from '#lib/key-holdings/weigh-keys.ts'
import { sealNeeds } from './reach-key.ts'
import type { KeyDependents } from './schema.ts'
import { stateOf } from './state-of.ts'

/**
 * What hangs on every key, by what the watch knows of the others. Asks no key.
 * @param read for whoever has read it already
 */
export async function holdingsNow(
  db: Tx,
  read: () => Promise<KeyFacts> = () => readKeyFacts(db),
): Promise<KeyHolding[]> {
  const [facts, rows] = await Promise.all([read(), db.keyHealth.findMany({ select: { arn: true, state: true } })])
  const states = new Map(rows.map(({ arn, state }) => [arn, stateOf(state)]))
  return weighKeys(facts, (arn) => usableState(states.get(arn)))
}

/** Every key that a backup, one being made among them, the saved environment or this console's seal needs. */
export async function keysInUse(db: Tx, sealKeys: BackupContext['sealKeys']): Promise<string[]> {
  const facts = await readKeyFacts(db)
  const holdings = await holdingsNow(db, async () => facts)
  const ofSeal = sealKeys
    ? sealNeeds(
        facts.rootKeys.map(({ wraps }) => wraps),
        sealKeys.keyArn,
      )
    : []
  return holdings.filter((one) => isForBackups(one) || ofSeal.includes(one.arn)).map(({ arn }) => arn)
}

export async function dependentsOf(db: Tx, arn: string): Promise<KeyDependents> {
  const holding = (await holdingsNow(db)).find((one) => one.arn === arn)
  return holding ? dependentsIn(holding) : nothing
}

export function dependentsIn({
  backups,
  bytes,
  underWay,
  lost,
  schedules,
  environment,
  seal,
}: KeyHolding): KeyDependents {
  return {
    backups: backups + underWay,
    bytes,
    onlyWayIn: lost.backups,
    onlyWayInBytes: lost.bytes,
    schedules,
    inUse: environment !== null,
    seal: seal && seal.onlyWayIn > 0 ? { secrets: seal.secrets, backups: seal.through.backups } : null,
  }
}

const nothing: KeyDependents = {
  backups: 0,
  bytes: 0,
  onlyWayIn: 0,
  onlyWayInBytes: 0,
  schedules: 0,
  inUse: false,
  seal: null,
}
