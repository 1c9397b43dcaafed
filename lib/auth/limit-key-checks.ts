import { count } from '#lib/count-text.ts'
import type { Db } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import { recordRefusal } from './record-refusal.ts'
import type { Permission, SessionUser } from './schema.ts'
import { takeTry } from './sign-in-limit.ts'

/** ASVS 5.0.0, 2.4.1. One every three seconds for a quarter of an hour: programs come to that, people do not. */
export const mostKeyChecks = 300

/**
 * Whatever a person can press that calls KMS, or sends something, and writes an audit row each time: all of it together,
 * so that one session cannot spend without end what others pay for. Asked for at the ways in, not in what they call.
 * @throws AppError `denied`, with when there are new ones
 */
export async function limitKeyChecks(
  db: Db,
  user: Pick<SessionUser, 'id' | 'email'>,
  permission: Permission,
): Promise<void> {
  const seconds = await takeTry(db, `key-checks:${user.id}`, mostKeyChecks)
  if (seconds === 0) return
  await recordRefusal(db, user, permission, `more than ${mostKeyChecks} checks of one person within 15 minutes.`)
  throw new AppError(
    'denied',
    `Nothing was done: you asked for ${mostKeyChecks} checks within 15 minutes, and each calls AWS or sends something.`,
    { fix: `Try again in ${count(Math.ceil(seconds / 60), 'minute')}. A program can use byok on this host.` },
  )
}
