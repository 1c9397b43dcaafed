import { realpathSync } from 'node:fs'
import type { Db } from '#lib/db.ts'
import { messageOf } from '#lib/errors.ts'

const everyMs = 5_000
/** Not seen for this long: dead. */
export const workerDeadAfterMs = 30_000

/** What a worker can reach, under the name that its machine goes by. */
export interface WorkerPlace {
  readonly host: string
  readonly sourceRoots: readonly string[]
  readonly restoreRoots: readonly string[]
}

/** Makes this process known as a worker, and keeps it known until it withdraws. */
export async function registerWorker(db: Db, place: WorkerPlace): Promise<{ withdraw(): Promise<void> }> {
  await db.worker.deleteMany({ where: { seenAt: { lt: new Date(Date.now() - 10 * workerDeadAfterMs) } } })
  const { host } = place
  const data = { host, sourceRoots: place.sourceRoots.map(real), restoreRoots: place.restoreRoots.map(real) }
  const { id } = await db.worker.create({ data })
  const timer = setInterval(() => {
    // Made again when another process took it for dead: a machine that slept, a database that was away.
    const seen = { ...data, seenAt: new Date() }
    db.worker.upsert({ where: { id }, update: seen, create: { id, ...seen } }).catch((error: unknown) => {
      console.error(JSON.stringify({ level: 'warning', part: 'worker', message: messageOf(error) }))
    })
  }, everyMs)
  return {
    async withdraw() {
      clearInterval(timer)
      await db.worker.deleteMany({ where: { id } })
    },
  }
}

/** Links resolved; a folder that is still to be made stays as it was named. */
function real(folder: string): string {
  try {
    return realpathSync.native(folder)
  } catch {
    return folder
  }
}
