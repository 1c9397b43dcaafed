import type { Db } from '#lib/db.ts'
import { can, type Permission, roles } from './schema.ts'

/** Who began what takes long: by a session, or by an API token. */
export interface Beginner {
  readonly userId: string
  readonly by: { readonly session: string; readonly until: Date } | { readonly token: string }
}

/**
 * Whether whoever began something may go on with it: not when they signed out, the token was revoked or the role taken
 * away meanwhile. What only expires meanwhile ends nothing that it began: a backup may take longer than a session.
 */
export async function stillMay(db: Db, { userId, by }: Beginner, permission: Permission): Promise<boolean> {
  const [user, begun] = await Promise.all([
    db.user.findUnique({ where: { id: userId }, select: { role: true } }),
    'token' in by
      ? db.apiToken.findUnique({ where: { id: by.token }, select: { revokedAt: true } })
      : db.session.findUnique({ where: { id: by.session }, select: { id: true } }),
  ])
  const role = roles.find((known) => known === user?.role)
  if (!role || !can(role, permission)) return false
  if (begun && 'revokedAt' in begun) return begun.revokedAt === null
  // A session that expired is deleted by the next request that comes with it.
  return begun !== null || ('until' in by && by.until <= new Date())
}
