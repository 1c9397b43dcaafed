import { fromPrisma, PgBoss } from 'pg-boss'
import { z } from 'zod'
import type { Tx } from '#lib/db.ts'

/** A job names a row; everything else is in the row. Nothing secret ever stands in a payload. */
export const jobPayload = z.object({ id: z.uuid() })

export const queues = ['backup', 'restore'] as const
export type Queue = (typeof queues)[number]
/** Where jobs end whose worker died too often. */
export const deadQueue = (queue: Queue) => `${queue}-dead`

/** A worker that is silent for this long is dead, and its job goes to another (pg-boss allows no less). */
export const heartbeatSeconds = 10

export type Jobs = PgBoss

/** For processes that only add jobs: no supervision, no migration. */
export async function openQueue(databaseUrl: string): Promise<Jobs> {
  const boss = new PgBoss({
    connectionString: databaseUrl,
    supervise: false,
    schedule: false,
    migrate: false,
    createSchema: false,
    max: 2,
  })
  // A lost connection is found again by the next call; without a listener it would end the process.
  boss.on('error', (error) => console.error(JSON.stringify({ level: 'error', part: 'queue', message: error.message })))
  await boss.start()
  return boss
}

/** In the transaction that makes the row: both are there, or neither. */
export async function enqueue(jobs: Jobs, tx: Tx, queue: Queue, id: string): Promise<void> {
  await jobs.send(queue, { id }, { db: fromPrisma(tx) })
}
