import type { Tx } from '#lib/db.ts'
import { readKeyFacts } from '#lib/key-holdings/read-facts.ts'
import { isNeeded } from '#lib/key-holdings/schema.ts'
import { weighKeys } from '#lib/key-holdings/weigh-keys.ts'
import type { RetireReport } from './schema.ts'

/** Whether a key that nothing needed when it was proven is needed by now: settings went back to it, or a backup came. */
export async function isNeededAgain(db: Tx, { safe, key }: Pick<RetireReport, 'safe' | 'key'>): Promise<boolean> {
  if (!safe) return false
  const holding = weighKeys(await readKeyFacts(db), () => true).find(({ arn }) => arn === key)
  return holding !== undefined && isNeeded(holding)
}
