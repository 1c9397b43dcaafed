import type { Db } from '#lib/db.ts'
import type { Auth } from './create-auth.ts'
import { recordRefusedTry } from './record-refused-try.ts'
import type { SessionUser } from './schema.ts'
import { forgetSignInTries, takeSignInTry } from './sign-in-limit.ts'

/**
 * The password of the person who is signed in, asked for once more. Tries count together with those of signing in, so
 * that this is no second way to guess.
 * @param headers of the request: they name the session
 * @returns what is wrong, as a sentence; undefined when the password is this person's
 */
export async function confirmPassword(
  db: Db,
  auth: Auth,
  { user, headers }: { user: SessionUser; headers: Headers },
  password: string,
): Promise<string | undefined> {
  const account = { actor: user.email, subject: user.email }
  const refused = (subject: string) =>
    recordRefusedTry(db, { actor: user.email, action: 'auth.confirm', subject }, account)
  const seconds = await takeSignInTry(db, user.email)
  if (seconds > 0) {
    await refused(`${user.email}, after too many tries`)
    return `Too many wrong passwords for this account. Try again in ${Math.ceil(seconds / 60)} minutes.`
  }
  try {
    await auth.api.verifyPassword({ body: { password }, headers })
  } catch (error) {
    // By its name: a bundle may hold the class twice.
    if (!(error instanceof Error) || error.name !== 'APIError') throw error
    await refused(user.email)
    return 'This is not your password.'
  }
  await forgetSignInTries(db, user.email)
  return undefined
}
