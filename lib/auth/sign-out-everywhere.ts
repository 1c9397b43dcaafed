import { recordAudit } from '#lib/audit/record.ts'
import type { Db } from '#lib/db.ts'
import { actorOf, findPerson, lockPeople, type Manager, type Whom } from './manager.ts'
import { openSessions } from './session-limits.ts'

/** Ends all sessions of a person. API tokens go on. @throws AppError `not-found`, `invalid` for oneself, `denied` */
export async function signOutEverywhere(db: Db, whom: Whom, by: Manager): Promise<number> {
  return db.$transaction(async (tx) => {
    await lockPeople(tx, by)
    const { id, email } = await findPerson(tx, whom, by)
    const open = await tx.session.count({ where: { userId: id, ...openSessions() } })
    await tx.session.deleteMany({ where: { userId: id } })
    await recordAudit(tx, {
      actor: actorOf(by),
      action: 'user.sign-out',
      outcome: 'success',
      subject: email,
      changes: { sessions: [String(open), '0'] },
    })
    return open
  })
}
