import type { Tx } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import { countSignOut, endSessions } from './end-sessions.ts'
import type { Person } from './manager.ts'
import { forgetSignInTries } from './sign-in-limit.ts'

/**
 * The new hash first, which waits for whoever is doing the same, and then the sessions: none that the old password
 * opened is left, since signing in looks once more at the row that is locked here (create-auth.ts).
 * @param keep the ID of a session that stays
 * @returns how many open sessions it ended
 */
export async function replacePassword(
  tx: Tx,
  { id, email }: Pick<Person, 'id' | 'email'>,
  hash: string,
  keep?: string,
): Promise<number> {
  await countSignOut(tx, id)
  const { count } = await tx.account.updateMany({
    where: { userId: id, providerId: 'credential' },
    data: { password: hash },
  })
  if (count === 0) throw new AppError('not-found', `There is no user ${email} any more.`)
  const ended = await endSessions(tx, id, keep === undefined ? {} : { not: keep })
  await forgetSignInTries(tx, email)
  return ended
}
