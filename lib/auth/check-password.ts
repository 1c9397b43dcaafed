import { verifyPassword } from 'better-auth/crypto'
import type { Db } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import { forgetSignInTries, takeSignInTry } from './sign-in-limit.ts'

/** An administrator proves on the command line who they are. Tries count together with those of signing in. */
export async function checkAdministrator(db: Db, email: string, password: string): Promise<void> {
  const seconds = await takeSignInTry(db, email)
  if (seconds > 0)
    throw new AppError(
      'denied',
      `Too many wrong passwords for this account. Try again in ${Math.ceil(seconds / 60)} minutes.`,
    )
  const account = await db.account.findFirst({
    where: { providerId: 'credential', user: { email, role: 'administrator' } },
    select: { password: true },
  })
  if (!account?.password || !(await verifyPassword({ hash: account.password, password })))
    throw new AppError('denied', 'This is not the e-mail address and password of an administrator.')
  await forgetSignInTries(db, email)
}
