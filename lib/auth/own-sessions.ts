import { recordAudit } from '#lib/audit/record.ts'
import type { Db } from '#lib/db.ts'
import { countSignOut, endSessions } from './end-sessions.ts'
import type { CurrentSession } from './read-session.ts'
import type { OwnSession } from './schema.ts'
import { openSessions } from './session-limits.ts'

/** This session first, then by their last use. */
export async function listOwnSessions(db: Db, { id, user }: CurrentSession): Promise<OwnSession[]> {
  const rows = await db.session.findMany({
    where: { userId: user.id, ...openSessions() },
    orderBy: { updatedAt: 'desc' },
    take: 100,
  })
  return rows
    .map((row) => ({
      id: row.id,
      current: row.id === id,
      createdAt: row.createdAt.toISOString(),
      lastUsedAt: row.updatedAt.toISOString(),
      userAgent: row.userAgent || null,
      address: row.ipAddress || null,
    }))
    .sort((a, b) => Number(b.current) - Number(a.current))
}

/**
 * Ends one other session of this person, or all others. Idempotent.
 * @param which the ID of one; undefined: every other one
 */
export async function endOwnSessions(db: Db, { id, user }: CurrentSession, which: string | undefined): Promise<void> {
  await db.$transaction(async (tx) => {
    if (which === undefined) await countSignOut(tx, user.id)
    const open = await endSessions(tx, user.id, { not: id, ...(which !== undefined && { equals: which }) })
    if (open === 0) return
    await recordAudit(tx, {
      actor: user.email,
      action: 'session.end',
      outcome: 'success',
      subject: user.email,
      changes: { 'other sessions ended': [null, String(open)] },
    })
  })
}
