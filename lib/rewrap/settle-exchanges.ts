import type { BackupContext } from '#lib/backup/backup-context.ts'
import { SharedReaches } from '#lib/backup/shared-reaches.ts'
import { messageOf } from '#lib/errors.ts'
import { log } from '#lib/log.ts'
import { settleExchange } from './exchange-keys.ts'

/**
 * Ends what re-wraps left in the middle that were then cancelled: each envelope that a row remembers takes its place.
 * One that is under way does so itself. What cannot be done now is tried again with the next pass.
 */
export async function settleExchanges(context: BackupContext, signal: AbortSignal): Promise<void> {
  const { db } = context
  const waiting = await db.backup.findMany({
    where: { state: 'complete', nextEnvelopeSha256: { not: null } },
    select: { id: true },
  })
  if (
    waiting.length === 0 ||
    (await db.rewrap.count({ where: { state: { in: ['queued', 'running', 'waiting'] } } })) > 0
  )
    return
  const reaches = new SharedReaches(context)
  try {
    for (const { id } of waiting) {
      signal.throwIfAborted()
      await settleExchange(context, id, (backup) => reaches.connect(backup)).catch((error: unknown) => {
        log('warning', 'rewrap', `The exchange of its keys could not be ended yet: ${messageOf(error)}`, { backup: id })
      })
    }
  } finally {
    reaches.close()
  }
}
