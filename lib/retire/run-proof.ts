import { recordAudit } from '#lib/audit/record.ts'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { type Db, databaseTime, idAndTime, type Prisma, type Tx } from '#lib/db.ts'
import { LostClaim, watchClaim } from '#lib/jobs/attempt.ts'
import { afterFailure } from '#lib/jobs/end-attempt.ts'
import { enqueue } from '#lib/jobs/queue.ts'
import { workerLogs } from '#lib/jobs/worker-logs.ts'
import { deleteOldVersions, failDeletion } from './delete-old-versions.ts'
import { proveRetired } from './prove-retired.ts'
import type { OldVersion } from './read-place.ts'
import type { RetireProgress } from './schema.ts'

const everyMs = 500
const batch = 1000

/** Makes the row, the audit row and the job in one transaction; any worker does the rest. Returns the proof's ID. */
export async function startProof({ db, jobs }: BackupContext, key: string, actor: string): Promise<string> {
  return db.$transaction(async (tx) => {
    const running = await tx.retireProof.findFirst({ where: { keyArn: key, state: { in: ['queued', 'running'] } } })
    if (running) return running.id
    const { id } = await tx.retireProof.create({
      data: { ...(await idAndTime(tx)), keyArn: key, createdBy: actor },
      select: { id: true },
    })
    await recordAudit(tx, { actor, action: 'retire.start', outcome: 'success', subject: key })
    await enqueue(jobs, tx, 'retire', id)
    return id
  })
}

/**
 * A job of a proof: to make it, or to delete the old versions that it found.
 * @throws only when the work should be tried again: this worker is stopping, or the database is away
 */
export async function runRetire(context: BackupContext, id: string, signal: AbortSignal): Promise<void> {
  const row = await context.db.retireProof.findUnique({ where: { id }, select: { deletion: true } })
  if (row?.deletion === 'queued' || row?.deletion === 'running') return deleteOldVersions(context, id, signal)
  await runProof(context, id, signal)
}

async function runProof(context: BackupContext, id: string, outer: AbortSignal): Promise<void> {
  const { db } = context
  const [proof] = await db.retireProof.updateManyAndReturn({
    where: { id, state: { in: ['queued', 'running'] } },
    data: { state: 'running', error: null, attempt: { increment: 1 } },
  })
  if (!proof) return
  const mine = { id, state: 'running', attempt: proof.attempt }
  let latest: RetireProgress | undefined
  let changed = false
  const ask = async () => {
    changed = false
    const data = latest ? { progress: { ...latest } } : { state: 'running' as const }
    const { count } = await db.retireProof.updateMany({ where: mine, data })
    return count === 1 ? undefined : new LostClaim()
  }
  const { signal, stop } = watchClaim({ part: 'retire', id }, everyMs, outer, ask, () => changed)
  try {
    const { report, versions } = await proveRetired(context, proof.keyArn, {
      by: proof.createdBy,
      signal,
      onProgress: (progress) => {
        latest = progress
        changed = true
      },
    })
    await stop()
    await db.$transaction(
      async (tx) => {
        const { count } = await tx.retireProof.updateMany({
          where: mine,
          data: {
            state: 'complete',
            safe: report.safe,
            report,
            progress: { step: 'Done', done: 1, total: 1 },
            finishedAt: await databaseTime(tx),
          },
        })
        if (count !== 1) throw new LostClaim()
        await keepVersions(tx, id, versions)
        await recordEnd(tx, proof, report.safe ? 'success' : 'refused', `${report.needed}`)
      },
      { timeout: 60_000 },
    )
  } catch (error) {
    await stop()
    await afterFailure(error, {
      part: 'retire',
      id,
      signal,
      again: true,
      fail: (why) => failProof(db, mine, why),
    })
  }
}

/** A job whose workers died too often: nobody works on it any more. */
export async function giveUpRetire({ db }: BackupContext, id: string): Promise<void> {
  const error = `The worker stopped in the middle of this several times. ${workerLogs} Then start it again.`
  await failDeletion(db, id)
  await failProof(db, { id, state: { in: ['queued', 'running'] } }, error)
}

async function failProof(db: Db, where: Prisma.RetireProofWhereInput, error: string): Promise<void> {
  await db.$transaction(async (tx) => {
    const [row] = await tx.retireProof.updateManyAndReturn({
      where,
      data: { state: 'failed', error, finishedAt: await databaseTime(tx), attempt: { increment: 1 } },
    })
    if (row) await recordEnd(tx, row, 'failed')
  })
}

async function recordEnd(
  tx: Tx,
  { keyArn, createdBy }: { keyArn: string; createdBy: string },
  outcome: 'success' | 'refused' | 'failed',
  needed?: string,
): Promise<void> {
  await recordAudit(tx, {
    actor: createdBy,
    action: 'retire.finish',
    outcome,
    subject: keyArn,
    ...(needed !== undefined && { changes: { needed: [null, needed] } }),
  })
}

async function keepVersions(tx: Tx, proofId: string, versions: readonly OldVersion[]): Promise<void> {
  for (let at = 0; at < versions.length; at += batch)
    await tx.retireVersion.createMany({
      data: versions.slice(at, at + batch).map((version, index) => ({ ...version, proofId, number: at + index })),
    })
}
