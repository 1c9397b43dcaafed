import type { Tx } from '#lib/db.ts'
import { type KeyFacts, readKeyFacts } from '#lib/key-holdings/read-facts.ts'
import { isWatched, type KeyHolding, usableState } from '#lib/key-holdings/schema.ts'
import { weighKeys } from '#lib/key-holdings/weigh-keys.ts'
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

/** Every key that a backup, one being made among them, or the saved environment needs. The seal watches its own. */
export async function keysInUse(db: Tx): Promise<string[]> {
  return (await holdingsNow(db)).filter(isWatched).map(({ arn }) => arn)
}

export async function dependentsOf(db: Tx, arn: string): Promise<KeyDependents> {
  const holding = (await holdingsNow(db)).find((one) => one.arn === arn)
  return holding ? dependentsIn(holding) : nothing
}

export function dependentsIn({ backups, bytes, underWay, lost, schedules, environment }: KeyHolding): KeyDependents {
  return {
    backups: backups + underWay,
    bytes,
    onlyWayIn: lost.backups,
    onlyWayInBytes: lost.bytes,
    schedules,
    inUse: environment !== null,
  }
}

const nothing: KeyDependents = {
  backups: 0,
  bytes: 0,
  onlyWayIn: 0,
  onlyWayInBytes: 0,
  schedules: 0,
  inUse: false,
}
