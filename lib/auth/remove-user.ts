import { recordAudit } from '#lib/audit/record.ts'
import type { Db } from '#lib/db.ts'
import { tellAdministrators } from '#lib/notices/tell-administrators.ts'
import { actorOf, findPerson, lockPeople, type Manager, mustNotBeLast, type Whom } from './manager.ts'
import { forgetRefusals } from './record-refusal.ts'
import { openSessions } from './session-limits.ts'
import { forgetSignInTries } from './sign-in-limit.ts'

/**
 * Password, sessions and API tokens go with the row. What they did keeps their address: audit rows, backups, schedules
 * and revisions hold it as text.
 * @throws AppError `not-found`, `invalid` for oneself, `conflict` for the last administrator, `denied`
 */
export async function removeUser(db: Db, whom: Whom, by: Manager): Promise<void> {
  await db.$transaction(async (tx) => {
    await lockPeople(tx, by)
    const { id, email, name, role } = await findPerson(tx, whom, by)
    await mustNotBeLast(tx, { id, email, name, role })
    const sessions = await tx.session.count({ where: { userId: id, ...openSessions() } })
    const tokens = await tx.apiToken.findMany({
      where: { userId: id, revokedAt: null, expiresAt: { gt: new Date() } },
      select: { name: true, start: true },
    })
    await tx.user.delete({ where: { id } })
    await forgetSignInTries(tx, email)
    await forgetRefusals(tx, id)
    await recordAudit(tx, {
      actor: actorOf(by),
      action: 'user.remove',
      outcome: 'success',
      subject: email,
      changes: {
        name: [name, null],
        role: [role, null],
        ...(sessions > 0 && { sessions: [String(sessions), null] }),
        // Their rows are gone: this is where to look up later which one stopped working.
        ...(tokens.length > 0 && {
          'API tokens': [tokens.map((token) => `${token.name} (${token.start}…)`).join(', '), null],
        }),
      },
    })
    if (role === 'administrator')
      await tellAdministrators(tx, {
        actor: actorOf(by),
        title: 'One administrator less',
        detail: `${email} was removed.`,
      })
  })
}
