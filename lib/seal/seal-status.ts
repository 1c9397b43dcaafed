import type { Db } from '#lib/db.ts'
import type { RootKeyStatus } from './schema.ts'

/** What hangs on each root key, newest first. Needs no key: a sealed console can be asked, too. */
export async function rootKeyStatus(db: Db): Promise<RootKeyStatus[]> {
  const rows = await db.rootKey.findMany({
    orderBy: { number: 'desc' },
    include: { wraps: { orderBy: { createdAt: 'asc' } }, _count: { select: { values: true } } },
  })
  return Promise.all(
    rows.map(async ({ id, wraps, createdAt, _count }) => ({
      id,
      keyIds: wraps.map(({ keyId }) => keyId),
      createdAt: createdAt.toISOString(),
      values: _count.values,
      backups: await db.backup.count({ where: { keyIds: { has: id } } }),
    })),
  )
}
