import { recordAudit } from '#lib/audit/record.ts'
import type { Db } from '#lib/db.ts'
import { countSignOut, endSessions } from './end-sessions.ts'
import { actorOf, findPerson, lockPeople, type Manager, type Whom } from './manager.ts'

/** Ends all sessions of a person. API tokens go on. @throws AppError `not-found`, `invalid` for oneself, `denied` */
export async function signOutEverywhere(db: Db, whom: Whom, by: Manager): Promise<number> {
  return db.$transaction(async (tx) => {
    await lockPeople(tx, by)
    const { id, email } = await findPerson(tx, whom, by)
    await countSignOut(tx, id)
    const open = await endSessions(tx, id)
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
