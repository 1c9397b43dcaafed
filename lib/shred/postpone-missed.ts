import { recordAudit } from '#lib/audit/record.ts'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { tellAdministrators } from '#lib/notices/tell-administrators.ts'
import { minuteText } from '#lib/time-text.ts'
import { waitHours } from './schema.ts'

const hourMs = 3_600_000

/**
 * The end of a waiting time that nobody could see does not count: this console did not run, its database is an older one
 * that was put back (a request that was undone since waits again in it), or its clock has jumped. Such a request waits one
 * more hour, in which it can be undone.
 */
export async function postponeMissed({ db }: Pick<BackupContext, 'db'>, now: Date): Promise<void> {
  while (await postponeOne(db, now));
}

async function postponeOne(db: BackupContext['db'], now: Date): Promise<boolean> {
  const dueAt = new Date(now.getTime() + waitHours.least * hourMs)
  return db.$transaction(async (tx) => {
    const missed = new Date(now.getTime() - hourMs)
    const [row] = await tx.$queryRaw<{ id: string; name: string; before: Date }[]>`
      UPDATE "shred" SET "dueAt" = ${dueAt} FROM (
        SELECT "id", "dueAt" AS before FROM "shred" WHERE "state" = 'waiting' AND "dueAt" < ${missed}
        ORDER BY "dueAt" LIMIT 1 FOR UPDATE SKIP LOCKED
      ) AS late WHERE "shred"."id" = late."id" RETURNING "shred"."id", "name", before`
    if (!row) return false
    const { id, name, before } = row
    await recordAudit(tx, {
      actor: 'console',
      action: 'shred.postpone',
      outcome: 'success',
      subject: `“${name}”, request ${id}`,
      changes: { dueAt: [before.toISOString(), dueAt.toISOString()] },
    })
    await tellAdministrators(tx, {
      actor: 'console',
      title: 'A crypto-shred waits one more hour',
      detail: `“${name}” came due while this console did not run, or its clock jumped. It can never be read again after ${minuteText(dueAt)}, unless an administrator undoes it before.`,
      link: `/backups/shred/${id}`,
    })
    return true
  })
}
