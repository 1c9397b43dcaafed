import { z } from 'zod'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { forgetJournal } from '#lib/backup/clean-up.ts'
import { inUse } from '#lib/backup/delete-backup.ts'
import type { SharedReaches } from '#lib/backup/shared-reaches.ts'
import { AppError } from '#lib/errors.ts'
import { type DestroyedEnvelope, destroyEnvelopes } from './destroy-envelopes.ts'

/** An exchange of keys that has not ended by then has died in the middle. */
const exchangeMs = 15 * 60_000

export interface WorkedItem {
  readonly shredId: string
  readonly backupId: string
  readonly state: string
  readonly object: string
  readonly emptyAt: Date | null
  readonly envelopes: unknown
}

const envelopesSchema = z
  .array(z.object({ where: z.enum(['bucket', 'database']), versionId: z.string(), sha256: z.string().nullable() }))
  .readonly()
export const envelopesOf = (item: { readonly envelopes: unknown }) => envelopesSchema.parse(item.envelopes)

/**
 * From here on nobody opens the backup, and the database holds no wrap of its key.
 * @returns undefined when there is nothing to shred any more
 * Throws AppError `conflict` while it is restored or verified, or its keys are exchanged
 */
export async function claimItem({ db }: BackupContext, item: WorkedItem, now: Date): Promise<WorkedItem | undefined> {
  const { shredId, backupId } = item
  const key = { shredId_backupId: { shredId, backupId } }
  return db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "backup" WHERE "id" = ${backupId}::uuid FOR UPDATE`
    // Another worker, thought dead, may have come before.
    const current = await tx.shredItem.findUniqueOrThrow({ where: key })
    if (current.state !== 'waiting') return current.state === 'claimed' ? current : undefined
    const row = await tx.backup.findUnique({ where: { id: backupId } })
    if (row?.state !== 'complete') {
      const error = row ? `It is ${row.state}, not complete.` : 'Its row is gone from the database.'
      await tx.shredItem.update({ where: key, data: { state: 'gone', error } })
      return undefined
    }
    const busy = await inUse(tx, backupId)
    if (busy) throw busy
    const { startedAt } = await tx.shred.findUniqueOrThrow({ where: { id: shredId }, select: { startedAt: true } })
    if (row.nextEnvelope && now.getTime() - (startedAt ?? now).getTime() < exchangeMs)
      throw new AppError('conflict', 'Its keys are being exchanged at this moment.')
    const envelopes: DestroyedEnvelope[] = [row.envelopeSha256, row.nextEnvelopeSha256].flatMap((sha256) =>
      sha256 ? [{ where: 'database' as const, versionId: 'null', sha256 }] : [],
    )
    const data = {
      state: 'claimed',
      claimedAt: now,
      error: null,
      envelopes: envelopes.map((one) => ({ ...one })),
      keyIds: [...new Set([...row.keyIds, ...row.nextKeyIds])],
    }
    await forgetJournal(tx, backupId)
    await tx.backup.update({
      where: { id: backupId },
      data: {
        state: 'shredding',
        envelope: null,
        envelopeSha256: null,
        keyIds: [],
        nextEnvelope: null,
        nextEnvelopeSha256: null,
        nextKeyIds: [],
        nextTryAt: null,
      },
    })
    await tx.shredItem.update({ where: key, data })
    return { ...item, ...data }
  })
}

/** @returns since when the bucket holds no envelope of it: now, unless an earlier look found the same */
export async function emptyItem(
  context: BackupContext,
  reaches: SharedReaches,
  item: WorkedItem,
  now: Date,
): Promise<Date> {
  const { db } = context
  const { shredId, backupId, object } = item
  const key = { shredId_backupId: { shredId, backupId } }
  const row = await db.backup.findUnique({
    where: { id: backupId },
    select: { id: true, environmentId: true, revision: true, region: true, bucket: true, prefix: true },
  })
  if (!row) throw new AppError('conflict', 'Its row is gone from the database, and with it the way to its bucket.')
  const found = await destroyEnvelopes(await reaches.connect(row), object, (more) =>
    db.$transaction(async (tx) => {
      await tx.$queryRaw`
        SELECT 1 FROM "shred_item" WHERE "shredId" = ${shredId}::uuid AND "backupId" = ${backupId}::uuid FOR UPDATE`
      const before = envelopesOf(await tx.shredItem.findUniqueOrThrow({ where: key }))
      const known = new Set(before.map(({ where, versionId }) => `${where} ${versionId}`))
      const envelopes = [...before, ...more.filter(({ where, versionId }) => !known.has(`${where} ${versionId}`))]
      await tx.shredItem.update({ where: key, data: { envelopes: envelopes.map((one) => ({ ...one })) } })
    }),
  )
  const emptyAt = found === 0 && item.emptyAt ? item.emptyAt : now
  await db.shredItem.update({ where: key, data: { emptyAt, error: null } })
  return emptyAt
}

/** The last look at the database; then the backup is shredded. */
export async function finishItem({ db }: BackupContext, { shredId, backupId }: WorkedItem, now: Date): Promise<void> {
  await db.$transaction(async (tx) => {
    const { count: mine } = await tx.shredItem.updateMany({
      where: { shredId, backupId, state: 'claimed' },
      data: { state: 'destroyed', destroyedAt: now, error: null },
    })
    if (mine !== 1) return
    const none = { envelope: null, nextEnvelope: null, parts: { none: {} }, checkpoints: { none: {} } }
    const { count } = await tx.backup.updateMany({
      where: { id: backupId, state: 'shredding', ...none },
      data: { state: 'shredded' },
    })
    if (count !== 1) throw new AppError('conflict', 'Its row is not as this console left it.')
  })
}
