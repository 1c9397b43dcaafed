import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { fromPrisma, PgBoss } from 'pg-boss'
import { z } from 'zod'
import { databaseLine } from '#lib/database-line.ts'
import { databaseTrouble, lostConnection } from '#lib/database-trouble.ts'
import type { Tx } from '#lib/db.ts'
import { isDatabaseError, messageOf } from '#lib/errors.ts'
import { log } from '#lib/log.ts'

/** A job names a row; everything else is in the row. Nothing secret ever stands in a payload. */
export const jobPayload = z.object({ id: z.uuid() })

export const queues = ['backup', 'restore', 'verify', 'clean-up', 'rewrap', 'retire'] as const
export type Queue = (typeof queues)[number]
/** Where jobs end whose worker died too often. */
export const deadQueue = (queue: Queue) => `${queue}-dead`

/**
 * Each host has queues of its own, so that a job comes to a worker that has its folder. An empty host: any worker will do.
 * Hosts are named freely, queues are not: the name is hashed.
 */
export function queueName(queue: Queue, host: string): string {
  return host === '' ? queue : `${queue}/${createHash('sha256').update(host).digest('hex').slice(0, 16)}`
}

/** A worker that is silent for this long is dead, and its job goes to another (pg-boss allows no less). */
export const heartbeatSeconds = 10

/** How often a job is delivered: after that it is in its dead queue. */
export const deliveries = 6

/** pg-boss forgets a job that nobody took for so long, and its row would wait for ever: a host may be off for months. */
const retentionSeconds = 10 * 365 * 24 * 3600

export type Jobs = PgBoss

/** Makes or updates pg-boss's own schema and our queues in it. Called at every start, before anybody uses them. */
export async function installQueues(databaseUrl: string): Promise<void> {
  const boss = new PgBoss({ connectionString: databaseUrl, supervise: false, schedule: false, max: 2 })
  boss.on('error', logError)
  await boss.start()
  for (const queue of queues) {
    // Nothing but a worker that takes a job from here marks its row as failed, so it is tried until the database lets it.
    const options = { retryLimit: 1000, retryDelay: 30, retentionSeconds }
    await boss.createQueue(deadQueue(queue), options)
    await boss.updateQueue(deadQueue(queue), options)
  }
  await installQueuesOf(boss, '')
  await installQueuesOf(boss, hostname())
  await boss.stop({ graceful: false })
}

export async function installQueuesOf(boss: PgBoss, host: string): Promise<void> {
  for (const queue of queues) {
    const options = {
      heartbeatSeconds,
      expireInSeconds: 24 * 3600,
      retryLimit: deliveries - 1,
      retryDelay: 1,
      retentionSeconds,
      deadLetter: deadQueue(queue),
    }
    await boss.createQueue(queueName(queue, host), options)
    await boss.updateQueue(queueName(queue, host), options)
  }
}

/** For processes that only add jobs: no supervision, no migration. */
export async function openQueue(databaseUrl: string): Promise<Jobs> {
  const boss = new PgBoss({
    ...databaseLine(databaseUrl),
    supervise: false,
    schedule: false,
    migrate: false,
    createSchema: false,
    max: 2,
  })
  // A lost connection is found again by the next call; without a listener it would end the process.
  boss.on('error', logError)
  await boss.start()
  return boss
}

export interface Delivery {
  /** Whose worker is to have it; any worker's unless told. */
  readonly host?: string
  readonly startAfter?: Date
}

/** In the transaction that justifies it: both are there, or neither. */
export async function enqueue(
  jobs: Jobs,
  tx: Tx,
  queue: Queue,
  id: string,
  { host = '', startAfter }: Delivery = {},
): Promise<void> {
  try {
    // Queues of a machine whose worker has not been started yet, or not since they were made anew.
    if (!(await jobs.getQueue(queueName(queue, host)))) await installQueuesOf(jobs, host)
    await jobs.send(queueName(queue, host), { id }, { db: fromPrisma(tx), ...(startAfter && { startAfter }) })
  } catch (error) {
    // pg-boss has connections of its own beside Prisma's, and an error of those would not be known as one of the database.
    throw databaseTrouble(error) && !isDatabaseError(error) ? lostConnection(error) : error
  }
}

/** Every queue is asked every half second, and each of them meets the same. */
const onceInMs = 60_000
const toldAt = new Map<string, number>()

/**
 * The same is told once a minute.
 * @param error what pg-boss emits, which has a message and is not always an Error, or a worker's last one
 */
export function logError(error: { readonly message: string }, now = performance.now()): void {
  // Of what PostgreSQL said pg-boss makes an object, with its code.
  const thrown = error instanceof Error ? error : Object.assign(new Error(error.message), error)
  const trouble = databaseTrouble(thrown)
  const message = trouble ? `${trouble.message} ${trouble.fix}` : messageOf(thrown)
  for (const [told, at] of toldAt) if (now - at >= onceInMs) toldAt.delete(told)
  if (toldAt.has(message)) return
  toldAt.set(message, now)
  log('error', 'queue', message)
}
