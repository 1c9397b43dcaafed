import type { Db } from '#lib/db.ts'

// Waits are minutes, an hour at most. What is further away was put there by a clock that was ahead, and that was put right
// since: it would rest for as long as the clock was ahead, and nobody would be told.

/** What is to be done, or looked at again, in more than two hours is to be now. */
export async function undoFuture(db: Db): Promise<void> {
  await db.$executeRaw`
    UPDATE pgboss.job SET start_after = now(), keep_until = now() + (keep_until - start_after)
    WHERE state < 'active' AND start_after > now() + interval '2 hours'`
  // A worker that lives says so again within seconds; one that died meanwhile would never be missed.
  await db.$executeRaw`
    UPDATE pgboss.job SET heartbeat_on = now() WHERE state = 'active' AND heartbeat_on > now() + interval '2 hours'`
  await db.$executeRaw`
    UPDATE pgboss.queue SET monitor_claim_on = NULL, monitor_on = NULL, maintain_on = NULL
    WHERE greatest(monitor_claim_on, monitor_on, maintain_on) > now() + interval '2 hours'`
  // The same of an upload whose receiver died.
  await db.$executeRaw`UPDATE "backup" SET "seenAt" = now() WHERE "seenAt" > now() + interval '2 hours'`
  await db.$executeRaw`UPDATE "backup" SET "nextTryAt" = now() WHERE "nextTryAt" > now() + interval '2 hours'`
  await db.$executeRaw`UPDATE "restore" SET "nextTryAt" = now() WHERE "nextTryAt" > now() + interval '2 hours'`
  await db.$executeRaw`
    UPDATE "backup_verification" SET "nextTryAt" = now() WHERE "nextTryAt" > now() + interval '2 hours'`
  await db.$executeRaw`UPDATE "rewrap" SET "nextTryAt" = now() WHERE "nextTryAt" > now() + interval '2 hours'`
  await db.$executeRaw`UPDATE "shred" SET "nextTryAt" = now() WHERE "nextTryAt" > now() + interval '2 hours'`
  await db.$executeRaw`UPDATE "alert_delivery" SET "nextTryAt" = now() WHERE "nextTryAt" > now() + interval '2 hours'`
  // A healthy key is tried once a day, at the least.
  await db.$executeRaw`UPDATE "key_health" SET "nextCheckAt" = now() WHERE "nextCheckAt" > now() + interval '2 days'`
}
