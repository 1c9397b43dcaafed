import { recordAudit } from '#lib/audit/record.ts'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { backupFolder, ENVELOPE } from '#lib/backup/layout.ts'
import { idAndTime, type Tx } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import { tellAdministrators } from '#lib/notices/tell-administrators.ts'
import { minuteText } from '#lib/time-text.ts'
import type { ShredRequest } from './schema.ts'
import { digestOf, nameToType, selectBackups } from './select-backups.ts'

const batch = 1000

/**
 * Asks that every wrap of these backups' keys be destroyed when the waiting time is over. Until then they restore as
 * before, and nobody deletes them. Whoever calls has made sure of the person: a password, or the host itself.
 * Throws AppError `invalid` for a wrong name or nothing to shred, `conflict` when the set is another than was looked at.
 * @returns the request's ID
 */
export async function startShred(
  { db }: Pick<BackupContext, 'db'>,
  { selection, digest, name, reason, hours }: ShredRequest,
  actor: string,
  given?: Date,
): Promise<string> {
  return db.$transaction(
    async (tx) => {
      const { id: newId, createdAt } = await idAndTime(tx)
      const now = given ?? createdAt
      const dueAt = new Date(now.getTime() + hours * 3_600_000)
      const before = await selectBackups(tx, selection)
      await lock(
        tx,
        before.chosen.map(({ id }) => id),
      )
      const { chosen } = await selectBackups(tx, selection)
      if (chosen.length === 0) throw new AppError('invalid', 'None of these backups can be shredded.')
      if (digestOf(chosen) !== digest || digestOf(before.chosen) !== digest)
        throw new AppError('conflict', 'These are not the backups that were shown: some came or went meanwhile.', {
          fix: 'Look at them again.',
        })
      const wanted = nameToType(chosen)
      if (name.trim() !== wanted) throw new AppError('invalid', `What was typed is not “${wanted}”.`)
      const { id } = await tx.shred.create({
        data: { id: newId, name: wanted, reason, createdAt: now, createdBy: actor, dueAt },
        select: { id: true },
      })
      await addItems(
        tx,
        id,
        chosen.map((one) => one.id),
      )
      const many = `${chosen.length} ${chosen.length === 1 ? 'backup' : 'backups'}`
      const what = wanted === many ? many : `${many} (“${wanted}”)`
      await recordAudit(tx, {
        actor,
        action: 'shred.request',
        outcome: 'success',
        subject: `${what}, request ${id}`,
        changes: { dueAt: [null, dueAt.toISOString()], ...(reason && { reason: [null, reason] }) },
      })
      await tellAdministrators(tx, {
        actor,
        title: 'Backups are to be shredded',
        detail: `${what} can never be read again after ${minuteText(dueAt)}, unless an administrator undoes it before.${reason && ` Reason: ${reason}`}`,
        link: `/backups/shred/${id}`,
      })
      return id
    },
    { timeout: 60_000 },
  )
}

/** In one order, so that two requests at once do not wait for each other. */
async function lock(tx: Tx, ids: readonly string[]): Promise<void> {
  for (let at = 0; at < ids.length; at += batch)
    await tx.$queryRaw`
      SELECT 1 FROM "backup" WHERE "id" = ANY(${ids.slice(at, at + batch)}::uuid[]) ORDER BY "id" FOR UPDATE`
}

async function addItems(tx: Tx, shredId: string, ids: readonly string[]): Promise<void> {
  for (let at = 0; at < ids.length; at += batch) {
    const rows = await tx.backup.findMany({
      where: { id: { in: ids.slice(at, at + batch) } },
      omit: { envelope: true, nextEnvelope: true, warnings: true, progress: true },
    })
    await tx.shredItem.createMany({
      data: rows.map(({ id: backupId, environmentId: environment, prefix, ...row }) => ({
        shredId,
        backupId,
        name: row.name,
        source: row.source,
        bytes: row.bytes,
        bytesStored: row.bytesStored,
        backupAt: row.createdAt,
        method: row.method,
        region: row.region,
        bucket: row.bucket,
        object: backupFolder({ prefix, environment, backup: backupId }) + ENVELOPE,
        keyIds: row.keyIds,
        manifestSha256: row.manifestSha256,
      })),
    })
  }
}
