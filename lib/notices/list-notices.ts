import type { Tx } from '#lib/db.ts'
import type { NoticesView } from './schema.ts'

/** They stand at the top of every page: more than these are told by their number. */
const most = 2

interface Reader {
  readonly id: string
  readonly email: string
}

/** What this administrator has not put away yet, newest first. Nothing from before they were there. */
export async function listNotices(db: Tx, reader: Reader): Promise<NoticesView> {
  const { createdAt } = await db.user.findUniqueOrThrow({ where: { id: reader.id }, select: { createdAt: true } })
  const where = { actor: { not: reader.email }, at: { gte: createdAt }, seenBy: { none: { userId: reader.id } } }
  const rows = await db.notice.findMany({ where, orderBy: { id: 'desc' }, take: most })
  const more = rows.length < most ? 0 : (await db.notice.count({ where })) - most
  return {
    rows: rows.map(({ id, at, ...rest }) => ({ id: String(id), at: at.toISOString(), ...rest })),
    more,
  }
}

/** Only for this reader. Putting away again what is put away changes nothing. */
export async function putNoticeAway(db: Tx, reader: Reader, id: bigint): Promise<void> {
  if (!(await db.notice.findUnique({ where: { id } }))) return
  await db.noticeSeen.createMany({ data: { noticeId: id, userId: reader.id }, skipDuplicates: true })
}
