import { readdirSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { isUnderWay } from '#lib/backup/under-way-schema.ts'
import type { Db } from '#lib/db.ts'
import { deadQueue, queueName, queues } from '#lib/jobs/queue.ts'
import { restart } from './key-operations-for-tests.ts'
import { contentOf, type Known, type Model } from './model-for-tests.ts'
import { leftOf } from './opens-for-tests.ts'
import { type Operation, operations } from './operations-for-tests.ts'
import type { World } from './world-for-tests.ts'

// An administrator keeps copies of the console, and puts an older one back. What is in the bucket by then, and what each
// backup there opens with, only the model knows.

const keepCopy: Operation = async (world, model) => {
  // One that is still to be made in it, too.
  const more = world.chance(0.7) ? `${await operations.backUp?.(world, model)}, and ` : ''
  return `${more}copy ${await world.keepCopy()} of the console`
}

const putBack: Operation = async (world, model) => {
  const copy = world.maybeOneOf(world.copies)
  if (!copy) return keepCopy(world, model)
  await model.notice(world)
  const before = await rowsOf(world.db)
  await world.putBack(copy)
  await giveJobsBack(world)
  await restart(world)
  const after = await rowsOf(world.db)
  const started = new Set(
    (await world.db.auditEvent.findMany({ where: { action: 'backup.start' } })).map(({ subject }) => subject),
  )
  const isTold = (id: string) => [...started].some((subject) => subject.includes(id))
  for (const known of model.backups.values())
    compare(known, { before: before.get(known.id), after: after.get(known.id), isTold: isTold(known.id) })
  await askAgain(world, model)
  const astray = [...model.backups.values()].filter((known) => known.astray)
  return `put copy ${copy.database.slice(-3)} back: ${astray.length} astray, ${astray.filter(({ left }) => left).length} left in the bucket`
}

async function rowsOf(db: Db) {
  const rows = await db.backup.findMany({ omit: { warnings: true } })
  return new Map(rows.map((row) => [row.id, row]))
}
type Row = Awaited<ReturnType<typeof rowsOf>> extends Map<string, infer R> ? R : never

interface TwoRows {
  readonly before: Row | undefined
  readonly after: Row | undefined
  /** The database that was put back knows that there was such a backup. */
  readonly isTold: boolean
}

/** What the bucket holds does not change by it; whether the row goes with that does. */
function compare(known: Known, { before, after, isTold }: TwoRows): void {
  const left = before?.state === 'complete' && !known.astray ? leftOf(before) : known.left
  if (known.state === 'shredded') known.shut = true
  const same =
    !known.astray &&
    before?.state === after?.state &&
    before?.attempt === after?.attempt &&
    before?.manifestSha256 === after?.manifestSha256 &&
    before?.envelopeSha256 === after?.envelopeSha256 &&
    before?.nextEnvelopeSha256 === after?.nextEnvelopeSha256
  // What ran begins again.
  known.state = after?.state === 'running' ? 'queued' : (after?.state ?? 'gone')
  known.asked.delete('cancel')
  known.asked.delete('delete')
  if (after?.cancelRequested || after?.state === 'cancelled') known.asked.add('cancel')
  if (after?.state === 'deleting' || (!after && isTold)) known.asked.add('delete')
  if (same && (after || isTold)) return
  known.untold = true
  const fits =
    after?.state === 'complete' &&
    left !== undefined &&
    left.manifest === after.manifestSha256 &&
    left.envelopes.includes(after.envelopeSha256) &&
    left.envelopes.length === (after.nextEnvelopeSha256 ? 2 : 1)
  known.astray = !fits
  // What was complete there, and is deleted in it, goes from the bucket as well.
  const goes = after?.state === 'deleting' && after.manifestSha256 !== null
  known.left = fits || goes ? undefined : left
  if (!after || !isUnderWay(after)) return
  // It is made once more, of what the folder holds by now; or was made, which nobody can tell where there is no envelope.
  if (after.method === 'none') known.left = undefined
  if (!known.left && after.sourceKind === 'folder') {
    const { entries } = contentOf(after.source)
    if (JSON.stringify(entries) !== JSON.stringify(known.content.entries)) known.vague = true
  }
}

/** As of workers of which nothing is heard any more. */
async function giveJobsBack({ db, context: { jobs } }: World): Promise<void> {
  const active = await db.$queryRaw<{ id: string; name: string }[]>`
    SELECT id::text, name FROM pgboss.job WHERE state = 'active'`
  const ours = new Set(
    queues.flatMap((queue) => [queueName(queue, ''), queueName(queue, hostname()), deadQueue(queue)]),
  )
  for (const { id, name } of active) if (ours.has(name)) await jobs.fail(name, id)
}

/** Restores, verifications, requests to shred and schedules as they stand in the database that was put back. */
async function askAgain({ db, context }: World, model: Model): Promise<void> {
  const underWay = { in: ['queued' as const, 'running' as const, 'waiting' as const] }
  model.restores.clear()
  for (const { id } of await db.restore.findMany({ where: { state: underWay } })) {
    const asked = model.allRestores.get(id)
    if (asked) model.restores.set(id, asked)
  }
  model.verifications.clear()
  for (const { id, backupId } of await db.backupVerification.findMany({ where: { state: underWay } }))
    model.verifications.set(id, backupId)
  model.shreds.clear()
  for (const { id, items, dueAt, state } of await db.shred.findMany({ include: { items: true } })) {
    const ids = new Set(items.map(({ backupId }) => backupId))
    model.shreds.set(id, { ids, dueAt, undone: state === 'undone' })
  }
  model.schedules.clear()
  for (const { id, keep, backups } of await db.schedule.findMany({ include: { backups: { select: { id: true } } } }))
    model.schedules.set(id, { keep, made: new Set(backups.map((backup) => backup.id)) })
  // What a restore that nobody knows any more had finished: nobody misses it.
  const [root = ''] = context.restoreRoots
  if (model.restores.size === 0)
    for (const name of readdirSync(root)) rmSync(path.join(root, name), { recursive: true })
}

/**
 * The database's clock is put forward or back by an hour: what is written down is that much further away.
 */
const clock: Operation = async (world, model) => {
  const hours = world.oneOf([1, -1])
  const columns = await world.db.$queryRaw<{ schema: string; table: string; columns: string[] }[]>`
    SELECT c.table_schema AS schema, c.table_name AS table, array_agg(c.column_name::text) AS columns
    FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema IN ('public', 'pgboss') AND c.data_type LIKE 'timestamp%' AND t.table_type = 'BASE TABLE'
      AND c.is_generated = 'NEVER' AND c.table_name NOT IN ('audit_event', 'audit_head', 'environment_revision')
    GROUP BY 1, 2 ORDER BY 1, 2`
  for (const { schema, table, columns: names } of columns) {
    const changes = names.map((name) => `"${name}" = "${name}" - interval '${hours} hours'`)
    await world.db.$executeRawUnsafe(`UPDATE ONLY "${schema}"."${table}" SET ${changes.join(', ')}`)
  }
  for (const asked of model.shreds.values()) asked.dueAt = new Date(asked.dueAt.getTime() - hours * 3_600_000)
  return `the clock is put ${hours > 0 ? 'forward' : 'back'} by an hour`
}

export const copyOperations: Readonly<Record<string, Operation>> = { keepCopy, putBack, clock }
