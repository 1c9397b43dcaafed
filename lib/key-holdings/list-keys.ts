import type { Tx } from '#lib/db.ts'
import { keyStates } from '#lib/key-health/schema.ts'
import { standings } from '#lib/key-health/view-health.ts'
import { type KeyFacts, readKeyFacts } from './read-facts.ts'
import { isNeeded, type KeyRow, type KeysQuery, type KeysView, usableState } from './schema.ts'
import { opener, weighKeys } from './weigh-keys.ts'

const pageSize = 50

/** Every key that a backup, a revision of the environment or the seal ever named, worst first. Asks no key. */
export async function listKeys(db: Tx, now = new Date()): Promise<KeyRow[]> {
  return (await lookAtKeys(db, now)).keys
}

/**
 * The same, with what else is needed to judge one of their backups.
 * @param read for whoever has read it already
 */
export async function lookAtKeys(
  db: Tx,
  now: Date,
  read: () => Promise<KeyFacts> = () => readKeyFacts(db),
): Promise<{ keys: KeyRow[]; opens: (keyId: string) => boolean }> {
  const [facts, health] = await Promise.all([read(), standings(db, now)])
  const usable = (arn: string) => usableState(health.get(arn)?.state)
  const keys = weighKeys(facts, usable)
    .map((holding) => ({ ...holding, health: health.get(holding.arn) ?? null }))
    .sort((a, b) => compare(rankOf(a), rankOf(b)))
  return { keys, opens: opener(facts, usable) }
}

/** One page of them. */
export async function viewKeys(
  db: Tx,
  { text, state, page }: KeysQuery,
  read?: () => Promise<KeyFacts>,
): Promise<KeysView> {
  const { keys: all } = await lookAtKeys(db, new Date(), read)
  const wanted = text?.toLowerCase()
  const found = all.filter(
    (key) =>
      (wanted === undefined || namesOf(key).some((name) => name.toLowerCase().includes(wanted))) &&
      (state === undefined || (state === 'not needed' ? !isNeeded(key) : key.health?.state === state)),
  )
  const pages = Math.max(1, Math.ceil(found.length / pageSize))
  const at = Math.min(page, pages)
  return {
    rows: found.slice((at - 1) * pageSize, at * pageSize),
    total: all.length,
    found: found.length,
    page: at,
    pages,
  }
}

const namesOf = ({ arn, aliases }: KeyRow) => [arn, ...aliases.map(({ name }) => name)]

/** What needs somebody soonest comes first; what nothing hangs on comes last, whatever is wrong with it. */
function rankOf(key: KeyRow): (number | string)[] {
  const { health, environment, lost, backups, arn } = key
  return [
    isNeeded(key) ? 0 : 1,
    health?.state === 'pending deletion' ? 0 : 1,
    health?.daysLeft ?? 0,
    -keyStates.indexOf(health?.state ?? 'healthy'),
    environment ? 0 : 1,
    -lost.backups,
    -backups,
    arn,
  ]
}

function compare(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  const at = a.findIndex((value, index) => value !== b[index])
  const [one = 0, other = 0] = [a[at], b[at]]
  return at < 0 ? 0 : one < other ? -1 : 1
}
