import type { Db } from '#lib/db.ts'
import { can, type Permission, roles } from './schema.ts'
import { endOfSession } from './session-limits.ts'

/** Who began what takes long: by a session, or by an API token. */
export interface Beginner {
  readonly userId: string
  readonly by:
    | {
        readonly session: string
        readonly until: Date
        /** How often the person had been signed out everywhere when the session was last seen. */
        readonly signOuts?: number
      }
    | { readonly token: string }
}

/**
 * Whether whoever began something may go on with it: not when they signed out, the token was revoked or the role taken
 * away meanwhile. What only expires meanwhile ends nothing that it began: a backup may take longer than a session. Who
 * is signed out everywhere after that is signed out of that, too.
 * @returns undefined when not; else what to ask with the next time: a session that is used lasts longer
 */
export async function stillMay(
  db: Db,
  { userId, by }: Beginner,
  permission: Permission,
): Promise<Beginner['by'] | undefined> {
  const user = await db.user.findUnique({ where: { id: userId }, select: { role: true, signOuts: true } })
  const role = roles.find((known) => known === user?.role)
  if (!user || !role || !can(role, permission)) return undefined
  if ('token' in by) {
    const token = await db.apiToken.findUnique({ where: { id: by.token }, select: { revokedAt: true } })
    return token?.revokedAt === null ? by : undefined
  }
  const where = { id: by.session }
  const session = await db.session.findUnique({ where, select: { createdAt: true, expiresAt: true } })
  const { signOuts } = user
  if (session) return { session: by.session, until: endOfSession(session), signOuts }
  // One that expired is deleted by the next request that comes with it.
  const before = by.signOuts ?? signOuts
  return by.until <= new Date() && before === signOuts ? { ...by, signOuts: before } : undefined
}
