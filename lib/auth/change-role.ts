import { recordAudit } from '#lib/audit/record.ts'
import type { Db } from '#lib/db.ts'
import { tellAdministrators } from '#lib/notices/tell-administrators.ts'
import { actorOf, findPerson, lockPeople, type Manager, mustNotBeLast, type Whom } from './manager.ts'
import type { Role } from './schema.ts'

/**
 * Counts from the next request of every session and API token on: both read the role anew each time. Idempotent.
 * @throws AppError `not-found`, `invalid` for oneself, `conflict` for the last administrator, `denied`
 */
export async function changeRole(db: Db, whom: Whom, role: Role, by: Manager): Promise<void> {
  await db.$transaction(async (tx) => {
    await lockPeople(tx, by)
    const person = await findPerson(tx, whom, by)
    if (person.role === role) return
    await mustNotBeLast(tx, person)
    await tx.user.update({ where: { id: person.id }, data: { role } })
    await recordAudit(tx, {
      actor: actorOf(by),
      action: 'user.role',
      outcome: 'success',
      subject: person.email,
      changes: { role: [person.role, role] },
    })
    if (role === 'administrator' || person.role === 'administrator')
      await tellAdministrators(tx, {
        actor: actorOf(by),
        title: role === 'administrator' ? 'New administrator' : 'One administrator less',
        detail: `${person.email} was ${person.role} and is ${role} now.`,
        link: `/settings/users/${person.id}`,
      })
  })
}
