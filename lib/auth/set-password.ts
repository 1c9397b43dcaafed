import { hashPassword } from 'better-auth/crypto'
import { recordAudit } from '#lib/audit/record.ts'
import type { Db } from '#lib/db.ts'
import { tellAdministrators } from '#lib/notices/tell-administrators.ts'
import { refuseGuessable } from './guessable-password.ts'
import { actorOf, findPerson, lockPeople, type Manager, type Whom } from './manager.ts'
import { replacePassword } from './replace-password.ts'

/**
 * For somebody who forgot theirs, or whose is known to others. Ends all of their sessions, and the pause after wrong
 * passwords. Their API tokens go on: they were not made with the password.
 * @throws AppError `not-found`, `invalid` for oneself and for a password that is easily guessed, `denied`
 */
export async function setPassword(db: Db, whom: Whom, password: string, by: Manager): Promise<void> {
  const hash = await hashPassword(password)
  await db.$transaction(async (tx) => {
    await lockPeople(tx, by)
    const person = await findPerson(tx, whom, by)
    await refuseGuessable(password, person.email)
    const ended = await replacePassword(tx, person, hash)
    await recordAudit(tx, {
      actor: actorOf(by),
      action: 'user.password',
      outcome: 'success',
      subject: person.email,
      changes: { sessions: [String(ended), '0'] },
    })
    if (person.role === 'administrator')
      await tellAdministrators(tx, {
        actor: actorOf(by),
        title: 'New password of an administrator',
        detail: `${person.email} was given a new password and signed out everywhere.`,
        link: `/settings/users/${person.id}`,
      })
  })
}
