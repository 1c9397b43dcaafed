import { randomUUID } from 'node:crypto'
import { hashPassword } from 'better-auth/crypto'
import { recordAudit } from '#lib/audit/record.ts'
import type { Db, Tx } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import type { Role } from './schema.ts'

export interface NewUser {
  readonly email: string
  readonly name: string
  readonly password: string
  readonly role: Role
}

/** @throws AppError `conflict` when the address has an account */
export async function addUser(db: Db, user: NewUser, actor: string): Promise<void> {
  const hash = await hashPassword(user.password)
  await db.$transaction(async (tx) => {
    // Two who add the same address at once: the second waits here, and then finds it.
    await tx.$executeRaw`LOCK TABLE "user" IN SHARE ROW EXCLUSIVE MODE`
    if (await tx.user.findUnique({ where: { email: user.email } })) {
      throw new AppError('conflict', `There is already a user ${user.email}.`)
    }
    await insertUser(tx, user, hash)
    await recordAudit(tx, {
      actor,
      action: 'user.add',
      outcome: 'success',
      subject: user.email,
      changes: { role: [null, user.role] },
    })
  })
}

/** A user with a password, in the two rows that better-auth looks at. */
export async function insertUser(tx: Tx, user: NewUser, passwordHash: string): Promise<void> {
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
}
