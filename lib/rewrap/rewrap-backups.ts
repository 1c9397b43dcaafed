import { recordAudit } from '#lib/audit/record.ts'
import { type BackupContext, connectBackup } from '#lib/backup/backup-context.ts'
import { currentEnvironment } from '#lib/environment/access.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { exchangeKeys, type KeyChange } from './exchange-keys.ts'

const AT_ONCE = 8
const FAILURES_KEPT = 100

export interface RewrapResult {
  /** Backups that the change concerns. */
  readonly total: number
  readonly exchanged: number
  /** The first 100: what could not be opened, and why. None of them blocks the others. */
  readonly failures: readonly { readonly id: string; readonly name: string; readonly message: string }[]
  readonly failed: number
}

const concerned = ({ from, to }: KeyChange) => ({
  state: 'complete' as const,
  method: { not: 'none' },
  ...(from === undefined ? { NOT: { keyIds: { has: to ?? '' } } } : { keyIds: { has: from } }),
})

/** How many backups, and bytes in them, an exchange would concern. Asks no key. */
export async function previewRewrap(
  { db }: Pick<BackupContext, 'db'>,
  change: KeyChange,
): Promise<{ backups: number; bytes: number }> {
  const { _count, _sum } = await db.backup.aggregate({ where: concerned(change), _count: true, _sum: { bytes: true } })
  return { backups: _count, bytes: Number(_sum.bytes ?? 0n) }
}

/**
 * Exchanges the keys of every backup that the change concerns, eight at a time. Idempotent: ended in the middle and run
 * again, it goes on with what is left. Data objects are neither read nor written.
 * Throws AppError `invalid` when the new key is not one, and `signal.reason`.
 */
export async function rewrapBackups(
  context: BackupContext,
  change: KeyChange,
  {
    actor,
    onProgress,
    signal,
  }: { actor: string; onProgress?: (done: number, total: number) => void; signal?: AbortSignal },
): Promise<RewrapResult> {
  const { db } = context
  if (change.from === undefined && change.to === undefined)
    throw new AppError('invalid', 'Name the old key, the new one, or both.')
  if (change.from === change.to) throw new AppError('invalid', 'The old key and the new one are the same.')
  const { id: environmentId, revision } = await currentEnvironment(db)
  if (!revision) throw new AppError('invalid', 'No backup environment is set up yet.')
  const place = {
    id: 'none',
    environmentId,
    revision: revision.number,
    region: revision.region,
    bucket: revision.bucket,
    prefix: revision.prefix,
  }
  const newKeys = await connectBackup(context, place)
  const { backups: total } = await previewRewrap(context, change)
  const failures: { id: string; name: string; message: string }[] = []
  let done = 0
  let exchanged = 0
  let failed = 0
  let after = ''
  try {
    for (;;) {
      signal?.throwIfAborted()
      const rows = await db.backup.findMany({
        where: { ...concerned(change), ...(after && { id: { gt: after } }) },
        orderBy: { id: 'asc' },
        take: AT_ONCE * 8,
        select: { id: true, name: true },
      })
      const last = rows.at(-1)
      if (!last) break
      after = last.id
      const waiting = [...rows]
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (let row = waiting.shift(); row && !signal?.aborted; row = waiting.shift()) {
            try {
              if ((await exchangeKeys(context, row.id, change, newKeys)) === 'exchanged') exchanged += 1
            } catch (error) {
              if (!(error instanceof AppError)) throw error
              failed += 1
              if (failures.length < FAILURES_KEPT) failures.push({ ...row, message: messageOf(error) })
            }
            done += 1
            onProgress?.(done, total)
          }
        }),
      )
    }
  } finally {
    newKeys.close()
    await recordAudit(db, {
      actor,
      action: 'key.rewrap',
      outcome: failed > 0 || signal?.aborted ? 'failed' : 'success',
      subject: `${exchanged} backups from ${change.from ?? 'no key'} to ${change.to ?? 'no other'}, ${failed} failed`,
    })
  }
  return { total, exchanged, failures, failed }
}
