import { recordAudit } from '#lib/audit/record.ts'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { count } from '#lib/count-text.ts'
import { idAndTime, type Tx } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import { enqueue } from '#lib/jobs/queue.ts'
import { concerned } from './concerned-backups.ts'
import { previewRewrap } from './preview-rewrap.ts'
import { type RewrapPreview, type RewrapRequest, type RewrapWish, rewrapWords } from './schema.ts'
import { wishOf } from './view-rewraps.ts'

/**
 * Proves the new key; then row, audit row and job in one transaction. A worker does the rest.
 * @returns no ID where there is nothing to do, which is not worth a row
 * @param seen what the new key was when somebody looked at the preview
 * @throws AppError as `previewRewrap` does; `conflict` while another re-wrap that is under way is about the same backups
 */
export async function startRewrap(
  context: BackupContext,
  request: RewrapRequest,
  actor: string,
  seen?: string | null,
): Promise<{ id: string; preview: RewrapPreview } | { id: null; preview: RewrapPreview }> {
  const preview = await previewRewrap(context, request)
  if (seen !== undefined && seen !== preview.to)
    throw new AppError('conflict', `${preview.toTyped} points to ${preview.to} by now, no longer to ${seen}.`, {
      fix: 'Look at what it will do once more.',
    })
  const { mode, from, to, toTyped, perSecond } = preview
  const wish = { mode, from, to }
  if (preview.backups === 0) return { id: null, preview }
  const id = await context.db.$transaction(async (tx) => {
    // One is started at a time, so that each sees those before it.
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('vault-console rewrap'))`
    await mustStandAlone(tx, wish)
    const run = await tx.rewrap.create({
      data: {
        ...(await idAndTime(tx)),
        ...wish,
        toTyped,
        perSecond,
        total: preview.backups,
        bytes: BigInt(preview.bytes),
        createdBy: actor,
      },
      select: { id: true },
    })
    const subject = `${count(preview.backups, 'backup')}, ${rewrapWords(wish)} (re-wrap ${run.id})`
    await recordAudit(tx, { actor, action: 'rewrap.start', outcome: 'success', subject })
    await enqueue(context.jobs, tx, 'rewrap', run.id)
    return run.id
  })
  return { id, preview }
}

/** Two at once on the same backups would be safe, and leave nobody knowing under which key what ends. */
async function mustStandAlone(tx: Tx, wish: RewrapWish): Promise<void> {
  const others = await tx.rewrap.findMany({
    where: { state: { in: ['queued', 'running', 'waiting', 'paused'] } },
  })
  for (const row of others) {
    const other = wishOf(row)
    const both = { AND: [await concerned(tx, wish), await concerned(tx, other)] }
    const shared = await tx.backup.count({ where: both })
    const chained = (wish.from !== null && wish.from === other.to) || (other.from !== null && other.from === wish.to)
    if (shared === 0 && !chained) continue
    const about = shared > 0 ? `${shared} of the same backups` : 'one of the same keys'
    throw new AppError('conflict', `Another re-wrap, ${rewrapWords(other)}, is ${row.state} and is about ${about}.`, {
      fix: `Wait until it has ended, or cancel it: byok key rewrap cancel ${row.id}`,
    })
  }
}
