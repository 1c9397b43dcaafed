import { hostname } from 'node:os'
import type { Db } from '#lib/db.ts'
import { messageOf } from '#lib/errors.ts'

const everyMs = 5_000
/** Not seen for this long: dead. */
export const workerDeadAfterMs = 30_000

/** Makes this process known as a worker, and keeps it known until it withdraws. */
export async function registerWorker(db: Db): Promise<{ withdraw(): Promise<void> }> {
  await db.worker.deleteMany({ where: { seenAt: { lt: new Date(Date.now() - 10 * workerDeadAfterMs) } } })
  const { id } = await db.worker.create({ data: { host: hostname() } })
  const timer = setInterval(() => {
    db.worker.updateMany({ where: { id }, data: { seenAt: new Date() } }).catch((error: unknown) => {
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
