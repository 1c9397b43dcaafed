import { recordAudit } from '#lib/audit/record.ts'
import { storedRemedies } from '#lib/aws/fixes/stored-remedies.ts'
import type { Remedy } from '#lib/aws/schema.ts'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { SharedReaches } from '#lib/backup/shared-reaches.ts'
import { count as countText } from '#lib/count-text.ts'
import { type Db, databaseTime } from '#lib/db.ts'
import { eachOf } from '#lib/each-of.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { enqueue } from '#lib/jobs/queue.ts'
import { deletionWord } from './schema.ts'

const atOnce = 8
const page = 200

const left = { in: ['found', 'refused'] }

/**
 * Asks that the old versions that a proof found be deleted: exactly these. Whoever calls has made sure of the person.
 * Throws AppError `not-found`, `invalid` for a wrong word, `conflict` when there is nothing to delete or it is under way.
 */
export async function startDeletion(
  { db, jobs }: BackupContext,
  { id, word }: { readonly id: string; readonly word: string },
  actor: string,
): Promise<void> {
  await db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "retire_proof" WHERE "id" = ${id}::uuid FOR UPDATE`
    const proof = await tx.retireProof.findUnique({ where: { id } })
    if (!proof) throw new AppError('not-found', 'There is no such proof.')
    if (proof.deletion === 'queued' || proof.deletion === 'running')
      throw new AppError('conflict', 'They are being deleted already.')
    const count = await tx.retireVersion.count({ where: { proofId: id, state: left } })
    if (proof.state !== 'complete' || count === 0)
      throw new AppError('conflict', 'This proof found no old version that could be deleted.')
    if (word.trim().toLowerCase() !== deletionWord(count))
      throw new AppError('invalid', `What was typed is not “${deletionWord(count)}”.`)
    await tx.retireProof.update({
      where: { id },
      data: { deletion: 'queued', deletionBy: actor, deletionAt: await databaseTime(tx) },
    })
    await recordAudit(tx, {
      actor,
      action: 'retire.delete-versions',
      outcome: 'success',
      subject: `Asked for: ${countText(count, 'old version')} of envelopes under ${proof.keyArn}`,
    })
    await enqueue(jobs, tx, 'retire', id)
  })
}

/** Idempotent: ended in the middle and run again, it goes on with what is left. */
export async function deleteOldVersions(context: BackupContext, id: string, signal: AbortSignal): Promise<void> {
  const { db } = context
  const { keyArn, deletionBy } = await db.retireProof.update({ where: { id }, data: { deletion: 'running' } })
  const reaches = new SharedReaches(context)
  let remedies: readonly Remedy[] = []
  try {
    // In the order of their numbers, so that each is tried once in this run, whatever becomes of it.
    for (let after = -1; ; ) {
      const rows = await db.retireVersion.findMany({
        where: { proofId: id, state: left, number: { gt: after } },
        orderBy: { number: 'asc' },
        take: page,
      })
      const last = rows.at(-1)
      if (!last) break
      after = last.number
      await eachOf(rows, atOnce, async (row) => {
        signal.throwIfAborted()
        const { remedies: toAdd = [], ...data } = await deleteOne(reaches, row)
        if (remedies.length === 0) remedies = toAdd
        await db.retireVersion.update({ where: { proofId_number: { proofId: id, number: row.number } }, data })
      })
    }
  } finally {
    reaches.close()
  }
  await db.$transaction(async (tx) => {
    const { count } = await tx.retireProof.updateMany({
      where: { id, deletion: 'running' },
      data: { deletion: 'complete', remedies: storedRemedies(remedies) },
    })
    if (count !== 1) return
    const counts = await tx.retireVersion.groupBy({ by: ['state'], where: { proofId: id }, _count: true })
    const of = (state: string) => counts.find((one) => one.state === state)?._count ?? 0
    await recordAudit(tx, {
      actor: deletionBy ?? 'console',
      action: 'retire.delete-versions',
      outcome: of('refused') > 0 ? 'failed' : 'success',
      subject: `${countText(of('deleted'), 'old version')} of envelopes under ${keyArn} deleted, ${of('refused')} refused`,
    })
  })
}

export async function failDeletion(db: Db, id: string): Promise<void> {
  await db.retireProof.updateMany({
    where: { id, deletion: { in: ['queued', 'running'] } },
    data: { deletion: 'failed' },
  })
}

interface Version {
  readonly environmentId: string
  readonly revision: number
  readonly region: string
  readonly bucket: string
  readonly key: string
  readonly versionId: string
  readonly modified: Date
}

/** What became of it. The bucket is asked first: the current version is never deleted. */
async function deleteOne(
  reaches: SharedReaches,
  version: Version,
): Promise<{ state: string; cause: string | null; remedies?: readonly Remedy[] }> {
  try {
    // `<prefix>/<environment>/backups/…`
    const prefix = version.key.slice(0, version.key.indexOf(version.environmentId)).replace(/\/$/, '')
    const { versions } = await reaches.connect({ ...version, id: 'none', prefix })
    for await (const now of versions.versions(version.key, true)) {
      if (now.key !== version.key || now.versionId !== version.versionId) continue
      if (now.current) return { state: 'current', cause: 'It is the current version by now, and stays.' }
      // The one version that has no ID of its own can be written anew.
      if (now.modified.getTime() !== version.modified.getTime())
        return { state: 'current', cause: 'It was written anew since, and stays.' }
      await versions.delete(version)
      return { state: 'deleted', cause: null }
    }
    return { state: 'gone', cause: null }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { state: 'refused', cause: messageOf(error), remedies: error.remedies }
  }
}
