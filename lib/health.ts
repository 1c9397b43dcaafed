import { setTimeout as delay } from 'node:timers/promises'
import { databaseHasRoom } from '#lib/database-room.ts'
import { seenLately } from '#lib/jobs/register-worker.ts'
import type { Services } from '#lib/services.ts'

const patienceMs = 5_000

export type Health =
  | { readonly status: 'ok' | 'degraded' }
  /** The part that is not there, or is full. */
  | { readonly status: 'unavailable'; readonly part: 'database' | 'database disk' | 'worker' | 'sandbox' }

/**
 * Whether this console can serve. `degraded`: it is well, but a key that something depends on is not healthy, or the
 * newest backup or restore failed, which is mostly trouble with a customer's key or bucket. Names parts only: it answers
 * without a session.
 */
export async function checkHealth(services: Pick<Services, 'db' | 'backup'>): Promise<Health> {
  // A monitor gives up sooner than a database that hangs.
  const hangs = delay(patienceMs, { status: 'unavailable', part: 'database' } as const, { ref: false })
  return Promise.race([ask(services), hangs])
}

async function ask({ db, backup: { own } }: Pick<Services, 'db' | 'backup'>): Promise<Health> {
  try {
    const alive = await seenLately(db)
    const finished = {
      where: { finishedAt: { not: null } },
      orderBy: { finishedAt: 'desc' },
      select: { state: true },
    } as const
    const [hasRoom, worker, backup, restore, key, sandbox] = await Promise.all([
      databaseHasRoom(db),
      db.worker.findFirst({ where: alive, select: { id: true } }),
      db.backup.findFirst(finished),
      db.restore.findFirst(finished),
      db.keyHealth.findFirst({ where: { state: { not: 'healthy' } }, select: { state: true } }),
      answers(own.endpoint),
    ])
    if (!hasRoom) return { status: 'unavailable', part: 'database disk' }
    if (!sandbox) return { status: 'unavailable', part: 'sandbox' }
    if (!worker) return { status: 'unavailable', part: 'worker' }
    const trouble = key || [backup, restore].some((one) => one?.state === 'failed')
    return { status: trouble ? 'degraded' : 'ok' }
  } catch {
    return { status: 'unavailable', part: 'database' }
  }
}

/** Any answer will do; true where there is no sandbox to ask. */
async function answers(endpoint: string | undefined): Promise<boolean> {
  if (!endpoint) return true
  return fetch(`${endpoint}/_sandbox/info`, { signal: AbortSignal.timeout(2_000) }).then(
    async (response) => {
      await response.body?.cancel()
      return true
    },
    () => false,
  )
}
