import { createHash, randomUUID } from 'node:crypto'
import type { Tx } from '#lib/db.ts'

/** Per account, because an address can be forged or shared: so many wrong passwords, then a pause. */
const most = 10
const windowMs = 15 * 60_000

/**
 * Takes one of the tries that an account has. Taken before the password is looked at, and in one statement, so that
 * of guesses sent at once no more are looked at than of guesses sent in turn.
 * @returns 0, or the seconds until there are new tries
 */
export function takeSignInTry(db: Tx, email: string): Promise<number> {
  return takeTry(db, keyOf(email))
}

/** The same for anything else that can be guessed at; `key` says what, and holds nothing that was typed. */
export async function takeTry(db: Tx, key: string): Promise<number> {
  const now = Date.now()
  const [from, to] = [now - windowMs, now + windowMs]
  // `lastRequest` is when the window began. One that begins later than it can was begun by a clock that was ahead.
  const [row] = await db.$queryRaw<{ count: number; lastRequest: bigint }[]>`
    INSERT INTO "rateLimit" ("id", "key", "count", "lastRequest") VALUES (${randomUUID()}, ${key}, 1, ${now})
    ON CONFLICT ("key") DO UPDATE SET
      "count" = CASE WHEN "rateLimit"."lastRequest" NOT BETWEEN ${from} AND ${to} THEN 1
        ELSE LEAST("rateLimit"."count" + 1, ${most + 1}) END,
      "lastRequest" = CASE WHEN "rateLimit"."lastRequest" NOT BETWEEN ${from} AND ${to} THEN ${now} ELSE "rateLimit"."lastRequest" END
    RETURNING "count", "lastRequest"`
  if (!row || row.count <= most) return 0
  return Math.max(1, Math.ceil((Number(row.lastRequest) + windowMs - now) / 1000))
}

/** After a right password. */
export async function forgetSignInTries(db: Tx, email: string): Promise<void> {
  await db.rateLimit.deleteMany({ where: { key: keyOf(email) } })
}

/** Hashed: people type their password into the wrong field. */
function keyOf(email: string): string {
  return `sign-in:${createHash('sha256').update(email.toLowerCase()).digest('base64')}`
}
