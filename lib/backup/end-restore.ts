import { z } from 'zod'
import { recordAudit } from '#lib/audit/record.ts'
import { type Db, databaseTime, type Prisma, type Tx } from '#lib/db.ts'
import { LostClaim } from '#lib/jobs/attempt.ts'
import { endIncomplete } from '#lib/jobs/end-attempt.ts'
import { enqueue } from '#lib/jobs/queue.ts'
import { workerLogs } from '#lib/jobs/worker-logs.ts'
import { restoreSubject } from './audit-subject.ts'
import type { BackupContext } from './backup-context.ts'

// However a restore ends, its row and its audit row say so in one transaction.

/** What a restore did, as its row has it. */
export const finishedSchema = z.object({
  files: z.number(),
  bytes: z.number(),
  warningCount: z.number(),
  warnings: z.array(z.object({ path: z.string(), message: z.string() })),
})
export type Finished = z.infer<typeof finishedSchema>

/** An attempt at a restore that ends it, if it is still the current one. */
interface EndingAttempt {
  readonly id: string
  readonly attempt: number
  readonly backupId: string
  readonly target: string
  readonly createdBy: string
}

/** @throws LostClaim when another attempt has the row */
export async function completeRestore(
  tx: Tx,
  row: EndingAttempt,
  { files, bytes, warningCount, warnings }: Finished,
): Promise<void> {
  const { id, attempt } = row
  const { count } = await tx.restore.updateMany({
    where: { id, attempt, state: 'running' },
    data: {
      state: 'complete',
      finishedAt: await databaseTime(tx),
      tries: 0,
      cancelRequested: false,
      files,
      bytes: BigInt(bytes),
      warningCount,
      warnings,
    },
  })
  if (count !== 1) throw new LostClaim()
  await recordEnd(tx, row, 'success')
}

/**
 * Does nothing to a row that is another attempt's by now.
 * @param error null: it was cancelled
 */
export async function endRestore(db: Db, { id, attempt }: EndingAttempt, error: string | null): Promise<void> {
  await db.$transaction((tx) => endRestores(tx, { id, attempt, state: 'running' }, error))
}

/** A job whose workers died too often: nobody works on it any more. */
export async function giveUpRestore({ db, jobs }: BackupContext, id: string): Promise<void> {
  const error = `The worker stopped in the middle of this restore several times. ${workerLogs} Then start it again.`
  await db.$transaction(async (tx) => {
    const active = { id, state: { in: ['queued' as const, 'running' as const] } }
    const [row] = await endRestores(tx, active, error, { attempt: { increment: 1 } })
    // Its host tidies up.
    if (row) await enqueue(jobs, tx, 'restore', id, { host: row.host })
  })
}

function endRestores(
  tx: Tx,
  where: Prisma.RestoreWhereInput,
  error: string | null,
  more: { readonly attempt?: { readonly increment: 1 } } = {},
) {
  return endIncomplete(
    tx,
    error,
    (which, data) => tx.restore.updateManyAndReturn({ where: { ...where, ...which }, data: { ...more, ...data } }),
    (row, outcome) => recordEnd(tx, row, outcome),
  )
}

async function recordEnd(
  tx: Tx,
  { createdBy, ...restore }: Pick<EndingAttempt, 'backupId' | 'target' | 'createdBy'>,
  outcome: 'success' | 'failed' | 'cancelled',
): Promise<void> {
  await recordAudit(tx, {
    actor: createdBy,
    action: 'restore.finish',
    outcome,
    subject: restoreSubject(restore),
  })
}
