import { createHash, randomUUID } from 'node:crypto'
import type { Tx } from '#lib/db.ts'

/** Per account, because an address can be forged or shared: so many wrong passwords, then a pause. */
const most = 10
const windowMs = 15 * 60_000

/** Seconds until this account may be tried again; 0 when it may be now. */
export async function signInPause(db: Tx, email: string): Promise<number> {
  const row = await db.rateLimit.findUnique({ where: { key: keyOf(email) } })
  if (!row || row.count < most) return 0
  return Math.max(0, Math.ceil((Number(row.lastRequest) + windowMs - Date.now()) / 1000))
}

export async function countFailedSignIn(db: Tx, email: string): Promise<void> {
  const now = Date.now()
  // One statement, so that guesses sent at once are all counted. `lastRequest` is when the window began.
  await db.$executeRaw`
    INSERT INTO "rateLimit" ("id", "key", "count", "lastRequest") VALUES (${randomUUID()}, ${keyOf(email)}, 1, ${now})
    ON CONFLICT ("key") DO UPDATE SET
      "count" = CASE WHEN "rateLimit"."lastRequest" < ${now - windowMs} THEN 1 ELSE "rateLimit"."count" + 1 END,
      "lastRequest" = CASE WHEN "rateLimit"."lastRequest" < ${now - windowMs} THEN ${now} ELSE "rateLimit"."lastRequest" END`
}

export async function forgetFailedSignIns(db: Tx, email: string): Promise<void> {
  await db.rateLimit.deleteMany({ where: { key: keyOf(email) } })
}

/** Hashed: people type their password into the wrong field. */
function keyOf(email: string): string {
  return `sign-in:${createHash('sha256').update(email.toLowerCase()).digest('base64')}`
}
