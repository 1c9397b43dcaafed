import { verifyPassword } from 'better-auth/crypto'
import type { Db } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import { recordRefusedTry } from './record-refused-try.ts'
import { forgetSignInTries, takeSignInTry } from './sign-in-limit.ts'

/**
 * An administrator proves on the command line who they are. Tries count together with those of signing in, and what was
 * refused is audited.
 * @returns the address as it is stored
 */
export async function checkAdministrator(db: Db, typed: string, password: string): Promise<string> {
  const email = typed.trim().toLowerCase()
  const seconds = await takeSignInTry(db, email)
  if (seconds > 0) {
    await refused(db, email)
    throw new AppError(
      'denied',
      `Too many wrong passwords for this account. Try again in ${Math.ceil(seconds / 60)} minutes.`,
    )
  }
  const account = await db.account.findFirst({
    where: { providerId: 'credential', user: { email, role: 'administrator' } },
    select: { password: true },
  })
  if (!account?.password || !(await verifyPassword({ hash: account.password, password }))) {
    await refused(db, email)
    throw new AppError('denied', 'This is not the e-mail address and password of an administrator.')
  }
  await forgetSignInTries(db, email)
  return email
}

/** People type their password into the wrong field: only an address that is somebody's is written down. */
async function refused(db: Db, email: string): Promise<void> {
  const known = await db.user.findUnique({ where: { email }, select: { email: true } })
  const subject = known?.email ?? 'an unknown address'
  const entry = { actor: 'command line', subject } as const
  await recordRefusedTry(db, { ...entry, action: 'auth.confirm' }, entry)
}
