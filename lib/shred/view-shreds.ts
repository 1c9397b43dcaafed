import { z } from 'zod'
import type { Db, Tx } from '#lib/db.ts'
import { remedySchema } from '#lib/keys/schema.ts'
import { type ShredAhead, type ShredDetail, type ShredItemRow, type ShredRow, shredStates } from './schema.ts'

const shown = 500
const itemStates = z.enum(['waiting', 'claimed', 'destroyed', 'gone'])

/** Newest first; those that are not over come first. */
export async function listShreds(db: Tx): Promise<ShredRow[]> {
  const rows = await db.shred.findMany({
    orderBy: { id: 'desc' },
    take: 200,
    omit: { certificate: true, remedies: true },
  })
  const counts = await countsOf(
    db,
    rows.map(({ id }) => id),
  )
  const over = ({ state }: ShredRow) => Number(state === 'undone' || state === 'complete')
  return rows.map((row) => rowOf(row, counts)).sort((a, b) => over(a) - over(b))
}

export async function viewShred(db: Db, id: string): Promise<ShredDetail | undefined> {
  if (!z.uuid().safeParse(id).success) return undefined
  const row = await db.shred.findUnique({ where: { id }, omit: { certificate: true } })
  if (!row) return undefined
  const [counts, items] = await Promise.all([
    countsOf(db, [id]),
    db.shredItem.findMany({
      where: { shredId: id },
      orderBy: [{ error: { sort: 'asc', nulls: 'last' } }, { backupId: 'desc' }],
      take: shown,
    }),
  ])
  return { ...rowOf(row, counts), remedies: z.array(remedySchema).parse(row.remedies), items: items.map(itemOf) }
}

/** The newest certificate's text; undefined when there is none. */
export async function certificateOf(db: Tx, id: string): Promise<string | undefined> {
  if (!z.uuid().safeParse(id).success) return undefined
  const row = await db.shred.findUnique({ where: { id }, select: { certificate: true } })
  return row?.certificate ?? undefined
}

/** What every administrator should see on every page; null when nothing waits. */
export async function viewShredAhead(db: Tx): Promise<ShredAhead | null> {
  const waiting = await db.shred.findMany({
    where: { state: 'waiting' },
    orderBy: { dueAt: 'asc' },
    select: { id: true, dueAt: true, _count: { select: { items: true } } },
  })
  const [first] = waiting
  if (!first) return null
  const backups = waiting.reduce((sum, { _count }) => sum + _count.items, 0)
  return { id: first.id, requests: waiting.length, backups, dueAt: first.dueAt.toISOString() }
}

/** The request that a backup is in and that is not over or was done; undefined for none. */
export async function shredOf(
  db: Tx,
  backupId: string,
): Promise<{ id: string; dueAt: string; state: string; error: string | null } | undefined> {
  const item = await db.shredItem.findFirst({
    where: { backupId, shred: { state: { not: 'undone' } } },
    orderBy: { shredId: 'desc' },
    select: { error: true, shred: { select: { id: true, dueAt: true, state: true } } },
  })
  return item ? { ...item.shred, dueAt: item.shred.dueAt.toISOString(), error: item.error } : undefined
}

async function countsOf(db: Tx, ids: readonly string[]) {
  return db.shredItem.groupBy({
    by: ['shredId', 'state'],
    where: { shredId: { in: [...ids] } },
    _count: true,
    _sum: { bytes: true },
  })
}

function rowOf(
  row: {
    id: string
    name: string
    reason: string
    state: string
    createdAt: Date
    createdBy: string
    dueAt: Date
    undoneAt: Date | null
    undoneBy: string | null
    finishedAt: Date | null
    issue: number
  },
  counts: Awaited<ReturnType<typeof countsOf>>,
): ShredRow {
  const mine = counts.filter(({ shredId }) => shredId === row.id)
  return {
    id: row.id,
    name: row.name,
    reason: row.reason,
    state: z.enum(shredStates).parse(row.state),
    backups: mine.reduce((sum, { _count }) => sum + _count, 0),
    destroyed: mine.find(({ state }) => state === 'destroyed')?._count ?? 0,
    bytes: mine.reduce((sum, { _sum }) => sum + Number(_sum.bytes ?? 0n), 0),
    createdAt: row.createdAt.toISOString(),
    createdBy: row.createdBy,
    dueAt: row.dueAt.toISOString(),
    undoneAt: row.undoneAt?.toISOString() ?? null,
    undoneBy: row.undoneBy,
    finishedAt: row.finishedAt?.toISOString() ?? null,
    certified: row.issue > 0,
  }
}

function itemOf(item: {
  backupId: string
  name: string
  source: string
  bytes: bigint | null
  backupAt: Date
  state: string
  error: string | null
  destroyedAt: Date | null
  envelopes: unknown
}): ShredItemRow {
  return {
    backupId: item.backupId,
    name: item.name,
    source: item.source,
    bytes: item.bytes === null ? null : Number(item.bytes),
    backupAt: item.backupAt.toISOString(),
    state: itemStates.parse(item.state),
    error: item.error,
    destroyedAt: item.destroyedAt?.toISOString() ?? null,
    envelopes: Array.isArray(item.envelopes) ? item.envelopes.length : 0,
  }
}
