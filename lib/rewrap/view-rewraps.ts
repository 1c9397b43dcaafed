import { z } from 'zod'
import type { Db, Rewrap } from '#lib/db.ts'
import { notesOn } from './preview-rewrap.ts'
import {
  type RewrapDetail,
  type RewrapRow,
  type RewrapSource,
  type RewrapWish,
  rewrapEnded,
  rewrapModes,
} from './schema.ts'

const most = 100
const runsShown = 50

const mode = z.enum(rewrapModes)
const wish = z.enum(['pause', 'cancel']).nullable()
const waitingFor = z.enum(['key', 'bucket']).nullable()

export function wishOf(row: Pick<Rewrap, 'mode' | 'from' | 'to'>): RewrapWish {
  return { mode: mode.parse(row.mode), from: row.from, to: row.to }
}

function viewOf(row: Rewrap): RewrapRow {
  const { id, toTyped, state, total, done, exchanged, failed, perSecond, pace, throttled, error, createdBy } = row
  return {
    ...wishOf(row),
    ...{ id, toTyped, state, total, done, exchanged, failed, perSecond, pace, throttled, error, createdBy },
    wish: wish.parse(row.wish),
    bytes: Number(row.bytes),
    waitingFor: waitingFor.parse(row.waitingFor),
    nextTryAt: state === 'waiting' ? (row.nextTryAt?.toISOString() ?? null) : null,
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
  }
}

/** Newest first; those under way before all others. */
export async function listRewraps(db: Pick<Db, 'rewrap'>): Promise<RewrapRow[]> {
  const rows = (await db.rewrap.findMany({ orderBy: { id: 'desc' }, take: runsShown })).map(viewOf)
  return [...rows.filter(({ state }) => !rewrapEnded(state)), ...rows.filter(({ state }) => rewrapEnded(state))]
}

/** Undefined when there is no such re-wrap. */
export async function viewRewrap(db: Pick<Db, 'rewrap'>, id: string): Promise<RewrapRow | undefined> {
  if (!z.uuid().safeParse(id).success) return undefined
  const row = await db.rewrap.findUnique({ where: { id } })
  return row ? viewOf(row) : undefined
}

/** With what could not be opened, and what it leaves. */
export async function viewRewrapDetail(db: Db, id: string): Promise<RewrapDetail | undefined> {
  const run = await viewRewrap(db, id)
  if (!run) return undefined
  const failures = await db.rewrapFailure.findMany({
    where: { rewrapId: id },
    orderBy: { backupId: 'asc' },
    take: most,
  })
  return {
    run,
    failures: failures.map(({ backupId, name, cause, fix }) => ({ id: backupId, name, cause, fix })),
    notes: await notesOn({ db }, run),
  }
}

/** The keys that complete backups are under. The console's root keys count as one. Asks no key. */
export async function listSources(db: Pick<Db, '$queryRaw'>): Promise<RewrapSource[]> {
  const rows = await db.$queryRaw<{ name: string; backups: number; bytes: bigint }[]>`
    SELECT name, count(*)::int AS backups, coalesce(sum(bytes), 0)::bigint AS bytes FROM (
      SELECT DISTINCT id, bytes, CASE WHEN key LIKE 'root-key/%' THEN 'AES-256' ELSE key END AS name
      FROM backup CROSS JOIN LATERAL unnest("keyIds") AS key WHERE state = 'complete'
    ) AS named GROUP BY name ORDER BY backups DESC, name`
  return rows.map(({ bytes, ...row }) => ({ ...row, bytes: Number(bytes) }))
}
