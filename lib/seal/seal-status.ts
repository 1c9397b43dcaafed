import type { Db, Tx } from '#lib/db.ts'
import type { RootKeyStatus } from './schema.ts'

/** What hangs on each root key, newest first. Needs no key: a sealed console can be asked, too. */
export async function rootKeyStatus(db: Db): Promise<RootKeyStatus[]> {
  const rows = await db.rootKey.findMany({
    orderBy: { number: 'desc' },
    include: { wraps: { orderBy: { createdAt: 'asc' } } },
  })
  return Promise.all(
    rows.map(async ({ id, wraps, createdAt }) => ({
      id,
      keyIds: wraps.map(({ keyId }) => keyId),
      createdAt: createdAt.toISOString(),
      values: await countValues(db, id),
      backups: await db.backup.count({ where: { keyIds: { has: id } } }),
    })),
  )
}

/** Sealed values under a root key, with stored secrets from before those were sealed values, which cannot be moved. */
export async function countValues(db: Tx, rootKeyId: string): Promise<number> {
  const older = { sealedUnder: rootKeyId, secretId: null }
  return (await db.sealedValue.count({ where: { rootKeyId } })) + (await db.environmentRevision.count({ where: older }))
}
