import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '#lib/errors.ts'
import type { KeyringContext, RootKeyWrapper } from './keyring.ts'
import { countValues } from './seal-status.ts'
import { boundTo, openSealed } from './sealed-values.ts'

const BATCH = 200

/**
 * Encrypts every sealed value under the newest root key. Takes no KMS call. May be ended and run again at any moment, and
 * run while the console serves: a value that somebody replaces meanwhile is left as they put it.
 * @returns how many were moved
 */
export async function moveValues(
  context: KeyringContext & { readonly seal: RootKeyWrapper },
  onProgress?: (moved: number, total: number) => void,
): Promise<number> {
  const { db, installation, seal } = context
  // Asked for each batch: somebody may add a root key meanwhile, and then that is where values go.
  const elsewhere = async () => {
    const { id } = await db.rootKey.findFirstOrThrow({ orderBy: { number: 'desc' } })
    return { rootKeyId: { not: id } }
  }
  const total = await db.sealedValue.count({ where: await elsewhere() })
  let moved = 0
  for (;;) {
    const where = await elsewhere()
    const values = await db.sealedValue.findMany({ where, take: BATCH, orderBy: [{ place: 'asc' }, { row: 'asc' }] })
    if (values.length === 0) return moved
    await Promise.all(
      values.map(async (value) => {
        const secret = await openSealed(context, value)
        const { keyId, ciphertext } = await seal.wrap(secret, boundTo(installation, value))
        const { place, row, rootKeyId } = value
        await db.sealedValue.updateMany({
          where: { place, row, rootKeyId, ciphertext: value.ciphertext },
          data: { rootKeyId: keyId, ciphertext: Uint8Array.from(ciphertext) },
        })
      }),
    )
    moved += values.length
    onProgress?.(moved, Math.max(total, moved))
    await delay(0)
  }
}

/**
 * Destroys root keys that nothing names any more: no sealed value and no backup, and no backup of method AES-256 that is
 * still being made could come to name one. The newest stays.
 * @returns the IDs of those destroyed, and of those kept with what still names them
 */
export async function destroyUnused({ db }: KeyringContext): Promise<{
  destroyed: string[]
  kept: { id: string; values: number; backups: number }[]
}> {
  return db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT "id" FROM "installation" FOR UPDATE`
    const rows = await tx.rootKey.findMany({ orderBy: { number: 'desc' }, skip: 1 })
    const unfinished = await tx.backup.count({
      where: { method: 'AES-256', state: { in: ['queued', 'running', 'waiting'] } },
    })
    const destroyed: string[] = []
    const kept: { id: string; values: number; backups: number }[] = []
    for (const { id } of rows) {
      const values = await countValues(tx, id)
      const named = { OR: [{ keyIds: { has: id } }, { nextKeyIds: { has: id } }] }
      const backups = (await tx.backup.count({ where: named })) + unfinished
      if (values + backups > 0) kept.push({ id, values, backups })
      else {
        await tx.rootKey.delete({ where: { id } })
        destroyed.push(id)
      }
    }
    return { destroyed, kept }
  })
}

/** Adds a root key, moves every value to it, and destroys what nothing names any more. */
export async function rotateRoot(
  context: KeyringContext & { readonly seal: RootKeyWrapper & { rotate(): Promise<string> } },
  onProgress?: (moved: number, total: number) => void,
): Promise<{ id: string; moved: number } & Awaited<ReturnType<typeof destroyUnused>>> {
  const id = await context.seal.rotate()
  const moved = await moveValues(context, onProgress)
  if (await context.db.sealedValue.findFirst({ where: { rootKeyId: { not: id } } }))
    throw new AppError('conflict', 'Another root key was added meanwhile.', { fix: 'Run it again.' })
  return { id, moved, ...(await destroyUnused(context)) }
}
