import { type Db, literally } from '#lib/db.ts'
import { idSchema, type UserDetail, type UserRow, type UsersQuery, type UsersView } from './schema.ts'
import { openSessions } from './session-limits.ts'

const pageSize = 50

/** By address, a page at a time. */
export async function listUsers(db: Db, { text, role, page: asked }: UsersQuery): Promise<UsersView> {
  const like = text && { contains: literally(text), mode: 'insensitive' as const }
  const where = { ...(like && { OR: [{ email: like }, { name: like }] }), ...(role && { role }) }
  const [total, found] = await Promise.all([db.user.count(), db.user.count({ where })])
  const pages = Math.max(1, Math.ceil(found / pageSize))
  const page = Math.min(asked, pages)
  const rows = await db.user.findMany({
    where,
    select: selected(),
    orderBy: { email: 'asc' },
    skip: (page - 1) * pageSize,
    take: pageSize,
  })
  return { rows: rows.map(rowOf), total, found, page, pages }
}

export async function listAllUsers(db: Db): Promise<UserRow[]> {
  return (await db.user.findMany({ select: selected(), orderBy: { email: 'asc' } })).map(rowOf)
}

export async function viewUser(db: Db, id: string): Promise<UserDetail | undefined> {
  if (!idSchema.safeParse(id).success) return undefined
  const [row, administrators] = await Promise.all([
    db.user.findUnique({ where: { id }, select: selected() }),
    db.user.count({ where: { role: 'administrator' } }),
  ])
  return row ? { ...rowOf(row), lastAdministrator: row.role === 'administrator' && administrators === 1 } : undefined
}

function selected() {
  const now = new Date()
  return {
    id: true,
    name: true,
    email: true,
    role: true,
    createdAt: true,
    lastSeenAt: true,
    _count: {
      select: {
        sessions: { where: openSessions(now) },
        tokens: { where: { revokedAt: null, expiresAt: { gt: now } } },
      },
    },
  } as const
}

interface Stored extends Pick<UserRow, 'id' | 'name' | 'email' | 'role'> {
  readonly createdAt: Date
  readonly lastSeenAt: Date | null
  readonly _count: { readonly sessions: number; readonly tokens: number }
}

function rowOf({ createdAt, lastSeenAt, _count, ...row }: Stored): UserRow {
  return { ...row, createdAt: createdAt.toISOString(), lastSeenAt: lastSeenAt?.toISOString() ?? null, ..._count }
}
