import { hashPassword } from 'better-auth/crypto'
import { recordAudit } from '#lib/audit/record.ts'
import type { Db } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import { refuseGuessable } from './guessable-password.ts'
import type { CurrentSession } from './read-session.ts'
import { replacePassword } from './replace-password.ts'

/**
 * After the current one was asked for (confirm-password.ts). Ends the person's other sessions.
 * @throws AppError `denied` when this session was ended meanwhile: an administrator's new password is not written over
 * by whoever knows the old one; `invalid` for a password that is easily guessed
 */
export async function changeOwnPassword(db: Db, { id, user }: CurrentSession, password: string): Promise<void> {
  await refuseGuessable(password, user.email)
  const hash = await hashPassword(password)
  await db.$transaction(async (tx) => {
    const ended = await replacePassword(tx, user, hash, id)
    if (!(await tx.session.findUnique({ where: { id }, select: { id: true } })))
      throw new AppError('denied', 'Your session was ended meanwhile. Nothing was changed.', { fix: 'Sign in again.' })
    await recordAudit(tx, {
      actor: user.email,
      action: 'user.password',
      outcome: 'success',
      subject: user.email,
      changes: { 'other sessions': [String(ended), '0'] },
    })
  })
}
