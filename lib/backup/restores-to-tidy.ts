import type { Tx } from '#lib/db.ts'
import { hasNoWorker } from '#lib/jobs/choose-host.ts'

interface RestoreToTidy {
  readonly host: string
  readonly target: string
  /** Its host has no worker, and nobody knows whether it ever will. */
  readonly abandoned: boolean
}

/**
 * Restores of a backup for which a host still has a job, such as one that was cancelled while nobody was at it: what that
 * had restored lies beside its target, and only its row tells where.
 */
export async function restoresToTidy(db: Tx, backupId: string): Promise<RestoreToTidy[]> {
  const restores = await db.restore.findMany({
    where: { backupId, attempt: { gt: 0 }, state: 'cancelled', overwrite: null },
    select: { id: true, host: true, target: true },
    orderBy: { id: 'asc' },
  })
  if (restores.length === 0) return []
  const jobs = await db.$queryRaw<{ id: string }[]>`
    SELECT DISTINCT data->>'id' AS "id" FROM pgboss.job
    WHERE state <= 'active' AND data->>'id' = ANY (${restores.map(({ id }) => id)})`
  const untidy: RestoreToTidy[] = []
  for (const { id, host, target } of restores)
    if (jobs.some((job) => job.id === id)) untidy.push({ host, target, abandoned: await hasNoWorker(db, host) })
  return untidy
}
