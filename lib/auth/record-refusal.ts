import { recordAudit } from '#lib/audit/record.ts'
import type { Db, Tx } from '#lib/db.ts'
import { permissionWords } from './permission-words.ts'
import type { Permission, SessionUser } from './schema.ts'
import { takeTry } from './sign-in-limit.ts'

const keysOf = (id: string) => `refused:${id}:`

/**
 * Somebody who is signed in, or an API token of theirs, asked for what they may not. Written down as often as a wrong
 * password is looked at in a quarter of an hour, for each person and permission, so that nobody fills the table.
 * @param asked undefined: something that no API token may
 * @param why in words, without anything that was sent
 */
export async function recordRefusal(
  db: Db,
  { id, email }: Pick<SessionUser, 'id' | 'email'>,
  asked: Permission | undefined,
  why: string,
): Promise<void> {
  if ((await takeTry(db, keysOf(id) + (asked ?? ''))) > 0) return
  const subject = asked === undefined ? why : `${permissionWords[asked]}: ${why}`
  await recordAudit(db, { actor: email, action: 'access.refused', outcome: 'refused', subject })
}

export async function forgetRefusals(tx: Tx, userId: string): Promise<void> {
  await tx.rateLimit.deleteMany({ where: { key: { startsWith: keysOf(userId) } } })
}
