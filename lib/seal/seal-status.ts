import type { Db } from '#lib/db.ts'

export interface RootKeyStatus {
  readonly id: string
  /** Of each wrap: the key ARN that KMS returned, or the key file's ID. */
  readonly keyIds: readonly string[]
  readonly createdAt: string
  /** Sealed values under it. */
  readonly values: number
  /** Backups of method AES-256 that only it opens. */
  readonly backups: number
}

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
