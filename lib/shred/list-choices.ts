import type { Tx } from '#lib/db.ts'

/** Schedules that made backups, and keys that open some: what a selection can name. Of more than are listed it is only known that there are more. */
export async function listChoices(db: Tx): Promise<{ schedules: { id: string; name: string }[]; keys: string[] }> {
  const [schedules, keys] = await Promise.all([
    db.schedule.findMany({ orderBy: { name: 'asc' }, select: { id: true, name: true }, take: 500 }),
    db.$queryRaw<{ key: string }[]>`
      SELECT DISTINCT key FROM "backup" CROSS JOIN LATERAL unnest("keyIds") AS key
      WHERE "state" = 'complete' ORDER BY key`,
  ])
  return { schedules, keys: keys.map(({ key }) => key) }
}
