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
 * After `countSignOut`, where it is all of them.
 * @param which by ID; left out: every one
 * @returns how many open ones it ended
 */
export async function endSessions(
  tx: Tx,
  userId: string,
  which: { readonly equals?: string; readonly not?: string } = {},
): Promise<number> {
  const open = await tx.session.count({ where: { userId, id: which, ...openSessions() } })
  await tx.session.deleteMany({ where: { userId, id: which } })
  return open
}
