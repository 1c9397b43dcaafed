import { recordAudit } from '#lib/audit/record.ts'
import { storedRemedies } from '#lib/aws/fixes/stored-remedies.ts'
import type { Remedy } from '#lib/aws/schema.ts'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { SharedReaches } from '#lib/backup/shared-reaches.ts'
import { databaseClock } from '#lib/db.ts'
import { eachOf } from '#lib/each-of.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { certify } from './certify.ts'
import { postponeMissed } from './postpone-missed.ts'
import { claimItem, emptyItem, finishItem, type WorkedItem } from './shred-item.ts'

// A request that is due:
// 1. begins, in one statement: from then on it cannot be undone; one that nobody saw come due waits an hour more;
// 2. each backup is claimed: nobody opens it any more, and the database holds no wrap of it;
// 3. every version of its envelope is deleted from the bucket, and the bucket looked at again;
// 4. looked at once more when nothing that was thought dead can still be storing one, the backup is shredded;
// 5. when all are, or what is left must wait for somebody, a certificate is signed.
// Ended anywhere, the next pass goes on where it was. What cannot be done yet stands in its item, and is tried again.

/** A worker thought dead that is still storing an envelope has given up by then. */
export const settleMs = 2 * 60_000
const leaseMs = 10 * 60_000
const longestWaitMs = 3_600_000
const atOnce = 8
const page = 200

export interface ShredClock {
  now(): Date
}

/** Begins and goes on with every request that is due. */
export async function runShreds(context: BackupContext, signal: AbortSignal, given?: ShredClock): Promise<void> {
  // The clock of a worker that is ahead would end the time in which this can be undone.
  const clock = given ?? { now: await databaseClock(context.db) }
  await postponeMissed(context, clock.now())
  while (await beginOne(context, clock.now()));
  for (;;) {
    signal.throwIfAborted()
    const now = clock.now()
    const [due] = await context.db.$queryRaw<{ id: string }[]>`
      UPDATE "shred" SET "nextTryAt" = ${new Date(now.getTime() + leaseMs)} WHERE "id" = (
        SELECT "id" FROM "shred" WHERE "state" = 'running' AND "nextTryAt" <= ${now}
        ORDER BY "nextTryAt" LIMIT 1 FOR UPDATE SKIP LOCKED
      ) RETURNING "id"`
    if (!due) return
    await workOn(context, due.id, signal, clock)
  }
}

async function beginOne({ db }: BackupContext, now: Date): Promise<boolean> {
  return db.$transaction(async (tx) => {
    const [due] = await tx.$queryRaw<{ id: string; name: string }[]>`
      UPDATE "shred" SET "state" = 'running', "startedAt" = ${now}, "nextTryAt" = ${now} WHERE "id" = (
        SELECT "id" FROM "shred" WHERE "state" = 'waiting' AND "dueAt" <= ${now}
        ORDER BY "dueAt" LIMIT 1 FOR UPDATE SKIP LOCKED
      ) RETURNING "id", "name"`
    if (!due) return false
    const subject = `“${due.name}”, request ${due.id}`
    await recordAudit(tx, { actor: 'console', action: 'shred.begin', outcome: 'success', subject })
    return true
  })
}

async function workOn(context: BackupContext, id: string, signal: AbortSignal, clock: ShredClock): Promise<void> {
  const { db } = context
  const reaches = new SharedReaches(context)
  let remedies: readonly Remedy[] = []
  try {
    for (let after = ''; ; ) {
      const items = await db.shredItem.findMany({
        where: { shredId: id, state: { in: ['waiting', 'claimed'] }, ...(after && { backupId: { gt: after } }) },
        orderBy: { backupId: 'asc' },
        take: page,
      })
      const last = items.at(-1)
      if (!last) break
      after = last.backupId
      await db.shred.update({ where: { id }, data: { nextTryAt: new Date(clock.now().getTime() + leaseMs) } })
      await eachOf(items, atOnce, async (item) => {
        signal.throwIfAborted()
        const toAdd = await workOnItem(context, reaches, item, clock)
        if (remedies.length === 0) remedies = toAdd
      })
    }
  } finally {
    reaches.close()
  }
  await db.shred.update({ where: { id }, data: { remedies: storedRemedies(remedies) } })
  await certify(context, id, clock.now())
  await planNext(context, id, clock.now())
}

/**
 * One backup, as far as it goes now. Each step may be the last one that this process does.
 * @returns the policies to add, where a permission is missing
 */
async function workOnItem(
  context: BackupContext,
  reaches: SharedReaches,
  item: WorkedItem,
  clock: ShredClock,
): Promise<readonly Remedy[]> {
  const where = { shredId: item.shredId, backupId: item.backupId, state: { in: ['waiting', 'claimed'] } }
  try {
    const claimed = item.state === 'claimed' ? item : await claimItem(context, item, clock.now())
    if (!claimed) return []
    const emptyAt = await emptyItem(context, reaches, claimed, clock.now())
    if (clock.now().getTime() - emptyAt.getTime() >= settleMs) await finishItem(context, claimed, clock.now())
    return []
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    await context.db.shredItem.updateMany({ where, data: { error: messageOf(error) } })
    return error.remedies
  }
}

async function planNext({ db }: BackupContext, id: string, now: Date): Promise<void> {
  const open = await db.shredItem.findMany({
    where: { shredId: id, state: { in: ['waiting', 'claimed'] } },
    select: { error: true },
  })
  if (open.length === 0) return
  const { tries } = await db.shred.findUniqueOrThrow({ where: { id }, select: { tries: true } })
  const settling = open.some(({ error }) => error === null)
  const waitMs = settling ? settleMs : Math.min(longestWaitMs, 60_000 * 2 ** Math.min(10, tries))
  await db.shred.updateMany({
    where: { id, state: 'running' },
    data: { nextTryAt: new Date(now.getTime() + waitMs), ...(!settling && { tries: { increment: 1 } }) },
  })
}
