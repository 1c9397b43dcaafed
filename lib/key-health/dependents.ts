import type { BackupContext } from '#lib/backup/backup-context.ts'
import type { Tx } from '#lib/db.ts'
import { type KeyFacts, readKeyFacts } from '#lib/key-holdings/read-facts.ts'
import { isForBackups, type KeyHolding, usableState } from '#lib/key-holdings/schema.ts'
import { type Scale, scaleOf, weighKeys } from '#lib/key-holdings/weigh-keys.ts'
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

/** What hangs on a key now. */
export type Weigh = (tx: Tx, arn: string) => Promise<KeyDependents>

/** An account that is closed takes thousands of keys at once: what all of them open is not read for each. */
const factsLastMs = 60_000

/** For one pass over keys: what backups there are is read once a minute, and how their other keys are each time. */
export function weighing(): Weigh {
  let read: { readonly at: number; readonly scale: Promise<Scale> } | undefined
  async function scaleIn(tx: Tx): Promise<Scale> {
    const isOwn = !read || performance.now() - read.at > factsLastMs
    if (!read || isOwn) read = { at: performance.now(), scale: readKeyFacts(tx).then(scaleOf) }
    const reading = read
    try {
      return await reading.scale
    } catch (error) {
      if (read === reading) read = undefined
      if (isOwn) throw error
      // It was read in another check's transaction, and failed with that.
      return scaleIn(tx)
    }
  }
  return async (tx, arn) => {
    const scale = await scaleIn(tx)
    const where = { arn: { in: scale.beside(arn) } }
    const rows = await tx.keyHealth.findMany({ where, select: { arn: true, state: true } })
    const states = new Map(rows.map((row) => [row.arn, stateOf(row.state)]))
    return dependentsIn(scale.weigh(arn, (other) => usableState(states.get(other))))
  }
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
