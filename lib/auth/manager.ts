import type { Tx } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import { can, type Role, type SessionUser } from './schema.ts'

/** Who manages people: an administrator at a page, or whoever may run commands on the console's host. */
export type Manager = SessionUser | 'command line'

export const actorOf = (by: Manager): string => (by === 'command line' ? by : by.email)

/** A page names people by their ID: an address may have become somebody else's since it was drawn. */
export type Whom = { readonly id: string } | { readonly email: string }

export interface Person {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly role: Role
}

/**
 * One change of people at a time, until the transaction ends: two administrators who demote each other, or two who add
 * the same address, come one after the other, and the second finds what the first has done.
 * @throws AppError `denied` when the administrator is not one any more
 */
export async function lockPeople(tx: Tx, by: Manager): Promise<void> {
  await tx.$executeRaw`LOCK TABLE "user" IN SHARE ROW EXCLUSIVE MODE`
  if (by === 'command line') return
  const now = await tx.user.findUnique({ where: { id: by.id }, select: { role: true } })
  if (!now || !can(now.role, 'user.manage'))
    throw new AppError('denied', 'Your role does not allow this any more. Nothing was changed.')
}

/**
 * After `lockPeople`. Nobody does to themselves here what would end their own session or rights by a slip.
 * @throws AppError `not-found`, `invalid`
 */
export async function findPerson(tx: Tx, whom: Whom, by: Manager): Promise<Person> {
  // By this alone: whoever asks may hand over more, and of what was true earlier.
  const where = 'id' in whom ? { id: whom.id } : { email: whom.email }
  const person = await tx.user.findUnique({ where, select: { id: true, email: true, name: true, role: true } })
  if (!person)
    throw 'email' in where
      ? new AppError('not-found', `There is no user ${where.email}.`, { fix: 'byok user list shows them all.' })
      : new AppError('not-found', 'There is no such user any more.', { fix: 'Reload the page.' })
  if (by !== 'command line' && by.id === person.id)
    throw new AppError('invalid', 'This is your own account.', {
      fix: 'Your password and sessions are in Your account; anything else another administrator does, or byok user.',
    })
  return person
}

/** After `lockPeople`, before this person's role is taken away; without, to say so early. @throws AppError `conflict` */
export async function mustNotBeLast(tx: Tx, person: Person): Promise<void> {
  if (person.role !== 'administrator' || (await tx.user.count({ where: { role: 'administrator' } })) > 1) return
  throw new AppError('conflict', `${person.email} is the last administrator.`, {
    fix: 'Make somebody else an administrator first.',
  })
}
