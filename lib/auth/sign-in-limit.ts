import { createHash, randomUUID } from 'node:crypto'
import type { Tx } from '#lib/db.ts'

/** Per account, because an address can be forged or shared: so many wrong passwords, then a pause. */
const mostTries = 10
/** What is counted is counted within so much time. */
export const windowMs = 15 * 60_000

/**
 * Takes one of the tries that an account has. Taken before the password is looked at, and in one statement, so that
 * of guesses sent at once no more are looked at than of guesses sent in turn.
 * @returns 0, or the seconds until there are new tries
 */
export function takeSignInTry(db: Tx, email: string): Promise<number> {
  return takeTry(db, keyOf(email))
}

/** The same for anything else that can be guessed at; `key` says what, and holds nothing that was typed. */
export async function takeTry(db: Tx, key: string, most = mostTries): Promise<number> {
  // `lastRequest` is when the window began, by the clock that all machines share. One that begins later than it can was
  // begun while that clock was ahead.
  const [row] = await db.$queryRaw<{ count: number; secondsLeft: number }[]>`
    INSERT INTO "rateLimit" AS taken ("id", "key", "count", "lastRequest")
    VALUES (${randomUUID()}, ${key}, 1, (extract(epoch FROM now()) * 1000)::bigint)
    ON CONFLICT ("key") DO UPDATE SET ("count", "lastRequest") = (
      SELECT CASE WHEN past THEN 1 ELSE LEAST(taken."count" + 1, ${most + 1}) END,
        CASE WHEN past THEN EXCLUDED."lastRequest" ELSE taken."lastRequest" END
      FROM (SELECT abs(EXCLUDED."lastRequest" - taken."lastRequest") > ${windowMs} AS past) AS its)
    RETURNING "count", ceil(("lastRequest" + ${windowMs}) / 1000.0 - extract(epoch FROM now()))::int AS "secondsLeft"`
  return !row || row.count <= most ? 0 : Math.max(1, row.secondsLeft)
}

/** After a right password. */
export async function forgetSignInTries(db: Tx, email: string): Promise<void> {
  await db.rateLimit.deleteMany({ where: { key: keyOf(email) } })
}

/** Hashed: people type their password into the wrong field. */
function keyOf(email: string): string {
  return `sign-in:${createHash('sha256').update(email.toLowerCase()).digest('base64')}`
}
