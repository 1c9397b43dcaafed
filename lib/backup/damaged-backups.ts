import type { Db } from '#lib/db.ts'

/**
 * Which of these backups are known to be damaged: their newest verification found problems, or their newest full one
 * did. A quick one sees no bytes, so what a full one found is ended by a full one alone.
 */
export async function damagedBackups(db: Pick<Db, '$queryRaw'>, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set()
  // The newest by ID, as nobody verifies a backup twice at once. As text, because PostgreSQL, while it knows little of
  // the table, would rather read the index of states, in which nearly all are complete.
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT asked.id::text FROM unnest(${ids}::uuid[]) AS asked (id)
    WHERE (
      SELECT "problemCount" FROM "backup_verification"
      WHERE "backupId" = asked.id AND "state"::text = 'complete' ORDER BY "id" DESC LIMIT 1
    ) > 0 OR (
      SELECT "problemCount" FROM "backup_verification"
      WHERE "backupId" = asked.id AND "state"::text = 'complete' AND "depth" = 'full' ORDER BY "id" DESC LIMIT 1
    ) > 0`
  return new Set(rows.map(({ id }) => id))
}
