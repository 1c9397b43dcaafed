import { recordAudit } from '#lib/audit/record.ts'
import { databaseTime, type Tx } from '#lib/db.ts'
import { messageOf } from '#lib/errors.ts'
import { log } from '#lib/log.ts'
import type { ObjectStore } from '#lib/storage/object-store.ts'
import { backupSubject } from './audit-subject.ts'
import { type BackupContext, type Connection, connectBackup } from './backup-context.ts'
import { backupFolder, ENVELOPE, MANIFEST, partName } from './layout.ts'
import type { Part } from './manifest.ts'
import { openRow } from './open-row.ts'
import type { PinnedBackup } from './pinned-backup.ts'
import { restoresToTidy } from './restores-to-tidy.ts'
import { storedEnvelope } from './stored-envelope.ts'

/**
 * Deletes whatever a backup has in the bucket. The manifest goes first: from then on it never happened.
 * @param row if it is still there
 * @returns false: nothing was deleted, because a backup is complete there that the row knows nothing of
 */
export async function deleteBackupObjects(
  { store, identity }: Pick<Connection, 'store' | 'identity'>,
  row: PinnedBackup | null,
): Promise<boolean> {
  const folder = backupFolder(identity)
  const keys: string[] = []
  for await (const { key } of store.list(folder)) keys.push(key)
  if (keys.length === 0) return true
  if (row && keys.includes(folder + MANIFEST) && (await isForgotten(row, store, folder))) return false
  await store.delete([folder + MANIFEST])
  await store.delete(keys)
  return true
}

/** Whether the envelope there is none that a row knows which never became complete: its database is an older one. */
async function isForgotten(
  { method, manifestSha256, envelopeSha256 }: PinnedBackup,
  store: ObjectStore,
  folder: string,
): Promise<boolean> {
  if (method === 'none' || manifestSha256 !== null) return false
  return (await storedEnvelope(store, folder, envelopeSha256)) === 'other'
}

/** After a further attempt: deletes what earlier ones left and the manifest, which lists `parts`, does not name. */
export async function deleteUnnamedObjects(
  { store, identity }: Pick<Connection, 'store' | 'identity'>,
  parts: readonly Part[],
): Promise<void> {
  const folder = backupFolder(identity)
  const named = new Set([ENVELOPE, MANIFEST, ...parts.map(({ place }) => partName(place))])
  const keys: string[] = []
  for await (const { key } of store.list(folder)) if (!named.has(key.slice(folder.length))) keys.push(key)
  if (keys.length > 0) await store.delete(keys)
}

/** What the manifest of a complete backup names. Takes one call to its key. */
export async function partsOf(row: PinnedBackup, connection: Connection): Promise<readonly Part[]> {
  const { manifest } = await openRow(row, connection)
  return [...manifest.segments, ...manifest.entries]
}

// A row that failed, was cancelled or is being deleted:
// 1. is claimed by moving its next try into the future, so that no two workers do the same,
// 2. loses its objects, and what resuming would have needed,
// 3. is looked at once more when nothing that was thought dead can still be storing something,
// 4. and is marked as clean, or goes, with an audit row: once nobody needs it to tidy up after its restores.
// A complete row of several attempts is looked at once, too: nothing but what its manifest names stays.

/** An attempt thought dead that is still storing something has given up by then: it looks at its row every second. */
const settledAfterMs = 2 * 60_000
const claimMs = 5 * 60_000
const soonMs = 30_000

/** Cleans up after every backup that is due. One that cannot be cleaned now is tried again later. */
export async function cleanUpDue(context: BackupContext, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    const [due] = await context.db.$queryRaw<{ id: string }[]>`
      UPDATE "backup" SET "nextTryAt" = now() + ${claimMs} * interval '1 millisecond' WHERE "id" = (
        SELECT "id" FROM "backup"
        WHERE "cleanedAt" IS NULL AND ("nextTryAt" IS NULL OR "nextTryAt" <= now()) AND (
          "state" IN ('failed', 'cancelled', 'deleting')
          OR "state" = 'complete' AND "attempt" > 1 AND "finishedAt" < now() - ${settledAfterMs} * interval '1 millisecond'
        )
        ORDER BY "id" LIMIT 1 FOR UPDATE SKIP LOCKED
      ) RETURNING "id"`
    if (!due) return
    await cleanUpBackup(context, due.id)
  }
}

/** Never throws for the store's sake: what went wrong is logged, and stands in the row of a backup that is being deleted. */
export async function cleanUpBackup(context: BackupContext, id: string): Promise<void> {
  const { db } = context
  const row = await db.backup.findUnique({ where: { id } })
  if (!row || row.cleanedAt || !['failed', 'cancelled', 'deleting', 'complete'].includes(row.state)) return
  if (row.state === 'complete' && row.attempt <= 1) return
  let emptied = true
  try {
    const connection = await connectBackup(context, row)
    try {
      if (row.state === 'complete') await deleteUnnamedObjects(connection, await partsOf(row, connection))
      else emptied = await deleteBackupObjects(connection, row)
    } finally {
      connection.close()
    }
  } catch (error) {
    await postpone(context, row, error)
    return
  }
  await forgetJournal(db, id)
  // Somebody may have asked for its deletion meanwhile: then that is not done yet.
  const asSeen = { id, state: row.state }
  // The one attempt that there ever was has ended by itself: nobody can be storing anything.
  const finishedAlone = row.attempt <= 1 && row.manifestSha256 !== null
  const now = (await databaseTime(db)).getTime()
  const ended = (row.finishedAt ?? row.createdAt).getTime()
  // An end in the future was written down by a clock that was ahead, and says nothing: nobody is waited for.
  const since = ended > now + claimMs ? settledAfterMs : now - ended
  if (row.state !== 'complete' && row.attempt > 0 && !finishedAlone && since < settledAfterMs) {
    const settled = new Date(now + settledAfterMs - since)
    const why = `It ended only just: what it was still sending may arrive until ${settled.toISOString().slice(11, 19)} UTC. A worker looks once more within a minute after that, and then it is gone.`
    await db.backup.updateMany({
      where: asSeen,
      data: { nextTryAt: settled, ...(row.state === 'deleting' && { error: why }) },
    })
    return
  }
  if (row.state !== 'deleting') {
    await db.backup.updateMany({ where: asSeen, data: { cleanedAt: new Date(now), nextTryAt: null, tries: 0 } })
    return
  }
  const untidy = await restoresToTidy(db, id)
  const next = untidy.find(({ abandoned }) => !abandoned)
  if (next) {
    const error = `It goes when a worker of ${next.host} has removed what a cancelled restore left beside ${next.target}.`
    await db.backup.updateMany({ where: { id }, data: { nextTryAt: new Date(now + soonMs), error } })
    return
  }
  await db.$transaction(async (tx) => {
    const { count } = await tx.backup.deleteMany({ where: { id, state: 'deleting' } })
    if (count !== 1) return
    const left = untidy.map(({ host, target }) => `beside ${target} on ${host}`).join('\n')
    await recordAudit(tx, {
      actor: 'console',
      action: 'backup.deleted',
      outcome: 'success',
      subject: backupSubject(row),
      changes: {
        ...(left && { 'left by a cancelled restore': [null, left] }),
        ...(!emptied && { 'left in the bucket': [null, 'a backup that this database does not know'] }),
      },
    })
  })
}

/** What resuming needs is of no use after the end. */
export async function forgetJournal(db: Tx, id: string): Promise<void> {
  await db.backupPart.deleteMany({ where: { backupId: id } })
  await db.backupCheckpoint.deleteMany({ where: { backupId: id } })
}

async function postpone({ db }: BackupContext, row: { id: string; state: string; tries: number }, error: unknown) {
  const waitMs = Math.min(3600_000, 60_000 * 2 ** Math.min(10, row.tries))
  const message = `Its objects could not be deleted yet, and this is tried again: ${messageOf(error)}`
  await db.backup.updateMany({
    where: { id: row.id },
    data: {
      tries: { increment: 1 },
      nextTryAt: new Date((await databaseTime(db)).getTime() + waitMs),
      ...(row.state === 'deleting' && { error: message }),
    },
  })
  log('warning', 'clean-up', message, { backup: row.id })
}
