import type { Db, Tx } from '#lib/db.ts'
import type { RootKeyWrapper } from './keyring.ts'
import type { Place } from './open-bound.ts'
import { getSealed, putSealed } from './sealed-values.ts'

export interface MadeOnceContext {
  readonly db: Db
  readonly installation: string
  readonly seal: RootKeyWrapper
}

/**
 * A secret of the console's own that is made when it is first needed, and is a sealed value from then on.
 * @param make runs in the transaction that stores it
 */
export async function madeOnce(
  context: MadeOnceContext,
  at: Place,
  make: (tx: Tx) => Uint8Array | Promise<Uint8Array>,
): Promise<Uint8Array> {
  const { db } = context
  const stored = await getSealed(db, context, at)
  if (stored) return stored
  return db.$transaction(async (tx) => {
    // Two processes at once: the second waits here, and then finds the first one's.
    await tx.$queryRaw`SELECT "id" FROM "installation" FOR UPDATE`
    const other = await getSealed(tx, context, at)
    if (other) return other
    const secret = await make(tx)
    await putSealed(tx, context, at, secret)
    return secret
  })
}
