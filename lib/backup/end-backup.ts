import { recordAudit } from '#lib/audit/record.ts'
import { type Db, databaseTime, type Prisma, type Tx } from '#lib/db.ts'
import { LostClaim } from '#lib/jobs/attempt.ts'
import { endIncomplete } from '#lib/jobs/end-attempt.ts'
import { deliveries, enqueue } from '#lib/jobs/queue.ts'
import { workerLogs } from '#lib/jobs/worker-logs.ts'
import { backupSubject } from './audit-subject.ts'
import type { BackupContext } from './backup-context.ts'
import type { BackupResult } from './backup-result.ts'
import { cleanUpBackup, forgetJournal } from './clean-up.ts'
import type { Warning } from './schema.ts'
import type { BackupSource } from './source.ts'

// However a backup ends, its row and its audit row say so in one transaction.

/** An attempt of a backup that ends it, if it is still the current one. */
interface EndingAttempt {
  readonly id: string
  readonly attempt: number
  readonly source: string
  readonly createdBy: string
}

/** @throws LostClaim when another attempt has the row */
export async function completeBackup(
  db: Db,
  row: EndingAttempt,
  source: BackupSource,
  written: BackupResult,
): Promise<void> {
  const { id, attempt } = row
  const empty = warningOfNothing(source, written)
  const warnings = (empty ? [empty] : written.warningList.slice(0, 100)).map(({ path, message }) => ({ path, message }))
  await db.$transaction(async (tx) => {
    const { count } = await tx.backup.updateMany({
      where: { id, attempt, state: 'running' },
      data: {
        state: 'complete',
        finishedAt: await databaseTime(tx),
        tries: 0,
        cancelRequested: false,
        bytes: BigInt(written.bytes),
        bytesStored: BigInt(written.storedBytes),
        files: written.files,
        manifestSha256: written.manifestSha256,
        manifestSize: BigInt(written.manifestSize),
        warningCount: empty ? 1 : written.warnings,
        warnings,
      },
    })
    if (count !== 1) throw new LostClaim()
    await forgetJournal(tx, id)
    await recordEnd(tx, row, 'success')
  })
}

/**
 * Does nothing to a row that is another attempt's by now.
 * @param error null: it was cancelled
 */
export async function endBackup(db: Db, { id, attempt }: EndingAttempt, error: string | null): Promise<void> {
  await db.$transaction((tx) => endBackups(tx, { id, attempt, state: 'running' }, error))
}

/**
 * @param where names states that are under way
 * @param error null: all were cancelled
 * @param more what else becomes of them
 */
export async function endBackups(
  tx: Tx,
  where: Prisma.BackupWhereInput,
  error: string | null,
  more: { readonly attempt?: { readonly increment: 1 } } = {},
): Promise<void> {
  await endIncomplete(
    tx,
    error,
    (which, data) =>
      tx.backup.updateManyAndReturn({
        where: { ...where, ...which },
        data: { ...more, ...data },
        select: { id: true, source: true, createdBy: true },
      }),
    (row, outcome) => recordEnd(tx, row, outcome),
  )
}

/**
 * A job that was delivered too often: nobody works on it any more. One that got further meanwhile, as a backup of many
 * days does whose worker is started anew now and then, gets another job. The clean-up pass empties the others' folders.
 */
export async function giveUpBackup(context: BackupContext, id: string): Promise<void> {
  const error = `The worker stopped, or the console’s database refused, several times in the middle of this backup. ${workerLogs} Then start it again.`
  await context.db.$transaction(async (tx) => {
    const active = { id, state: { in: ['queued' as const, 'running' as const] } }
    const { _min, _max } = await tx.backupPart.aggregate({
      where: { backupId: id },
      _min: { attempt: true },
      _max: { attempt: true },
    })
    const [first, last] = [_min.attempt ?? 0, _max.attempt ?? 0]
    const going =
      last > first && (await tx.backup.findFirst({ where: { ...active, attempt: { lt: last + deliveries } } }))
    if (going) {
      await enqueue(context.jobs, tx, 'backup', id, { host: going.host })
      return
    }
    await endBackups(tx, active, error, { attempt: { increment: 1 } })
  })
  await cleanUpBackup(context, id)
}

/**
 * A backup that holds nothing is complete, and hardly what anybody meant: a disk not mounted, a pattern misspelt, a dump
 * that failed.
 * @param happened of a dry run: what would happen
 */
export function warningOfNothing(
  source: BackupSource,
  { bytes, files, links, warnings }: Pick<BackupResult, 'bytes' | 'files' | 'links' | 'warnings'>,
  happened = 'nothing was backed up',
): Warning | undefined {
  if (source.kind === 'stream' && bytes === 0)
    return { path: source.name, message: 'it is empty: nothing came; did what should have sent it fail?' }
  if (source.kind !== 'folder' || files + links + warnings > 0) return undefined
  const why =
    source.include.length + source.exclude.length > 0
      ? 'it is empty, or its patterns leave everything out'
      : 'it is empty; if it should not be, is its disk mounted?'
  return { path: source.path, message: `${happened}: ${why}` }
}

async function recordEnd(
  tx: Tx,
  { id, source, createdBy }: Pick<EndingAttempt, 'id' | 'source' | 'createdBy'>,
  outcome: 'success' | 'failed' | 'cancelled',
): Promise<void> {
  await recordAudit(tx, {
    actor: createdBy,
    action: 'backup.finish',
    outcome,
    subject: backupSubject({ id, source }),
  })
}
