import type { Db } from '#lib/db.ts'
import type { Auth } from './create-auth.ts'
import { roles, type SessionUser } from './schema.ts'
import { endOfSession } from './session-limits.ts'

export interface CurrentSession {
  readonly id: string
  /** When it ends by itself, unless it is used until then. */
  readonly until: Date
  readonly user: SessionUser
}

/**
 * Whose session these headers carry, straight from the database: an ended one or a changed role counts at once.
 * better-auth knows when a session was idle for too long; that it has lasted too long is found here.
 * @param keepAlive whether asking counts as use
 */
export async function readSession(
  { db, auth }: { db: Db; auth: Auth },
  headers: Headers,
  { keepAlive }: { keepAlive: boolean },
): Promise<CurrentSession | undefined> {
  const found = await auth.api.getSession({ headers, query: { disableRefresh: !keepAlive } })
  const role = roles.find((known) => known === found?.user.role)
  if (!found || !role) return undefined
  const { id } = found.session
  const until = endOfSession(found.session)
  if (until.getTime() <= Date.now()) {
    await db.session.deleteMany({ where: { id } })
    return undefined
  }
  const { name, email } = found.user
  return { id, until, user: { id: found.user.id, name, email, role } }
}
