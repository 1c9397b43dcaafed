import { AppError } from '#lib/errors.ts'
import { type KeyringContext, openRootKey, wrapRow } from './keyring.ts'
import { rootKeyContext, type Seal } from './seal.ts'

/**
 * Wraps every root key under `to`, opened by `from` (which may be the same seal, whose key has changed). Each new wrap is
 * proven by unwrapping it before it is stored; the old ones stay until all new ones are there, and go together. Ended
 * anywhere in between, the old seal still opens everything; run again, it goes on where it was.
 * Throws what either seal throws.
 * @param onStep called after each root key
 * @returns how many were wrapped anew; 0 when there was nothing to do
 */
export async function exchangeSeal(
  context: KeyringContext,
  from: Seal,
  to: Seal,
  onStep?: (done: number, total: number) => Promise<void> | void,
): Promise<number> {
  const { db, installation } = context
  const rows = await db.rootKey.findMany({ orderBy: { number: 'asc' }, include: { wraps: true } })
  let exchanged = 0
  for (const [index, row] of rows.entries()) {
    if (!row.wraps.some(({ keyId }) => keyId === to.keyId)) {
      const { key } = await openRootKey(context, from, row)
      const boundTo = rootKeyContext(installation, row.id)
      const wrapped = await to.wrapper.wrap(key, boundTo)
      const back = await to.wrapper.unwrap(wrapped, boundTo)
      if (!Buffer.from(key).equals(back))
        throw new AppError(
          'integrity',
          `${to.keyId} did not give back ${row.id} as it was wrapped. Nothing was changed.`,
        )
      const data = wrapRow(to, row.id, wrapped, installation)
      const where = { rootKeyId_keyId: { rootKeyId: row.id, keyId: to.keyId } }
      await db.rootKeyWrap.upsert({ where, create: { ...data, rootKeyId: row.id }, update: {} })
      exchanged += 1
    }
    await onStep?.(index + 1, rows.length)
  }
  await db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT "id" FROM "installation" FOR UPDATE`
    // A root key made meanwhile by a process with the old seal would be left with no wrap at all.
    const without = await tx.rootKey.findFirst({ where: { wraps: { none: { keyId: to.keyId } } } })
    if (without)
      throw new AppError('conflict', `${without.id} was added meanwhile. Nothing was taken away.`, {
        fix: 'Run it again.',
      })
    await tx.rootKeyWrap.deleteMany({ where: { keyId: { not: to.keyId } } })
  })
  return exchanged
}
