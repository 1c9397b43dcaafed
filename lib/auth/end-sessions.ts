import type { Tx } from '#lib/db.ts'
import { openSessions } from './session-limits.ts'

/**
 * Remembers that somebody is signed out everywhere, for what a session began that has expired since: still-may.ts. Before
 * any other row of theirs is locked: whoever manages people locks them in this order (manager.ts).
 */
export async function countSignOut(tx: Tx, userId: string): Promise<void> {
  await tx.user.updateMany({ where: { id: userId }, data: { signOuts: { increment: 1 } } })
}

/**
 * After `countSignOut`.
 * @param keep the ID of a session that stays
 * @returns how many open ones it ended
 */
export async function endSessions(tx: Tx, userId: string, keep?: string): Promise<number> {
  const others = { userId, ...(keep !== undefined && { id: { not: keep } }) }
  const open = await tx.session.count({ where: { ...others, ...openSessions() } })
  await tx.session.deleteMany({ where: others })
  return open
}
