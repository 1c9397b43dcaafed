import { randomUUID } from 'node:crypto'
import { hashPassword } from 'better-auth/crypto'
import { recordAudit } from '#lib/audit/record.ts'
import type { Db, Tx } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import { tellAdministrators } from '#lib/notices/tell-administrators.ts'
import { refuseGuessable } from './guessable-password.ts'
import { actorOf, lockPeople, type Manager } from './manager.ts'
import type { Role } from './schema.ts'

export interface NewUser {
  readonly email: string
  readonly name: string
  readonly password: string
  readonly role: Role
}

/**
 * @throws AppError `conflict` when the address has an account, `denied` when the administrator is not one any more,
 * `invalid` for a password that is easily guessed
 */
export async function addUser(db: Db, user: NewUser, by: Manager): Promise<void> {
  await refuseGuessable(user.password, user.email)
  const hash = await hashPassword(user.password)
  await db.$transaction(async (tx) => {
    await lockPeople(tx, by)
    if (await tx.user.findUnique({ where: { email: user.email } })) {
      throw new AppError('conflict', `There is already a user ${user.email}.`, {
        fix: 'To change what they may do, give them another role, or a new password.',
      })
    }
    const id = await insertUser(tx, user, hash)
    await recordAudit(tx, {
      actor: actorOf(by),
      action: 'user.add',
      outcome: 'success',
      subject: user.email,
      changes: { role: [null, user.role] },
    })
    if (user.role === 'administrator')
      await tellAdministrators(tx, {
        actor: actorOf(by),
        title: 'New administrator',
        detail: `${user.email} was added and may do everything.`,
        link: `/settings/users/${id}`,
      })
  })
}

/** A user with a password, in the two rows that better-auth looks at. @returns their ID */
export async function insertUser(tx: Tx, user: NewUser, passwordHash: string): Promise<string> {
  const id = randomUUID()
  await tx.user.create({
    data: {
      id,
      email: user.email,
      name: user.name,
      role: user.role,
      accounts: { create: { id: randomUUID(), accountId: id, providerId: 'credential', password: passwordHash } },
    },
  })
  return id
}
