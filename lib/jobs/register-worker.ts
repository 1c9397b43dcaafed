import { realpathSync } from 'node:fs'
import { type Db, databaseTime, type Tx } from '#lib/db.ts'
import { messageOf } from '#lib/errors.ts'
import { log } from '#lib/log.ts'

const everyMs = 5_000
/** Not seen for this long: dead. */
export const workerDeadAfterMs = 30_000

/**
 * Which workers live, by the database's clock: that of a machine may be wrong. One seen in the future was seen by a clock
 * that was ahead and was put right since; whoever lives says so again within seconds.
 */
export async function seenLately(db: Tx): Promise<{ readonly seenAt: { readonly gt: Date; readonly lt: Date } }> {
  const now = (await databaseTime(db)).getTime()
  return { seenAt: { gt: new Date(now - workerDeadAfterMs), lt: new Date(now + workerDeadAfterMs) } }
}

/** What a worker can reach, under the name that its machine goes by. */
export interface WorkerPlace {
  readonly host: string
  readonly sourceRoots: readonly string[]
  readonly restoreRoots: readonly string[]
}

/** Makes this process known as a worker, and keeps it known until it withdraws. */
export async function registerWorker(db: Db, place: WorkerPlace): Promise<{ withdraw(): Promise<void> }> {
  const old = new Date((await databaseTime(db)).getTime() - 10 * workerDeadAfterMs)
  await db.worker.deleteMany({ where: { seenAt: { lt: old } } })
  const { host } = place
  const data = { host, sourceRoots: place.sourceRoots.map(real), restoreRoots: place.restoreRoots.map(real) }
  const { id } = await db.worker.create({ data: { ...data, seenAt: await databaseTime(db) } })
  const say = async () => {
    // Made again when another process took it for dead: a machine that slept, a database that was away.
    const seen = { ...data, seenAt: await databaseTime(db) }
    await db.worker.upsert({ where: { id }, update: seen, create: { id, ...seen } })
  }
  const timer = setInterval(() => {
    say().catch((error: unknown) => log('warning', 'worker', messageOf(error)))
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
