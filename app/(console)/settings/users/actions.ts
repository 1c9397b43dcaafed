'use server'
import { revalidatePath } from 'next/cache'
import { headers } from 'next/headers'
import type { z } from 'zod'
import { change, permitted } from '#app/_lib/action.ts'
import { addUser } from '#lib/auth/add-user.ts'
import { changeRole } from '#lib/auth/change-role.ts'
import { confirmPassword } from '#lib/auth/confirm-password.ts'
import { removeUser } from '#lib/auth/remove-user.ts'
import {
  addPersonSchema,
  changeRoleSchema,
  removePersonSchema,
  type SessionUser,
  setPasswordSchema,
  signOutPersonSchema,
  type UserResult,
} from '#lib/auth/schema.ts'
import { setPassword as set } from '#lib/auth/set-password.ts'
import { signOutEverywhere } from '#lib/auth/sign-out-everywhere.ts'
import type { Db } from '#lib/db.ts'

export async function addPerson(input: unknown): Promise<UserResult> {
  return confirmed(addPersonSchema, input, (db, { name, email, role, password }, by) =>
    addUser(db, { name, email, role, password }, by),
  )
}

export async function changePersonsRole(input: unknown): Promise<UserResult> {
  return confirmed(changeRoleSchema, input, (db, { id, role }, by) => changeRole(db, { id }, role, by))
}

export async function setPassword(input: unknown): Promise<UserResult> {
  return confirmed(setPasswordSchema, input, (db, { id, password }, by) => set(db, { id }, password, by))
}

export async function removePerson(input: unknown): Promise<UserResult> {
  return confirmed(removePersonSchema, input, (db, { id }, by) => removeUser(db, { id }, by))
}

/** Ends nothing that signing in does not bring back: it asks for no password. */
export async function signOutPerson(input: unknown): Promise<UserResult> {
  return change('/settings/users', 'user.manage', signOutPersonSchema, input, async ({ console, user, input }) => {
    await signOutEverywhere(console.db, { id: input.id }, user)
    return {}
  })
}

/** Each gives or takes access for good: only with the acting person's own password. */
async function confirmed<S extends z.ZodType<{ ownPassword: string }>>(
  schema: S,
  input: unknown,
  run: (db: Db, input: z.output<S>, by: SessionUser) => Promise<void>,
): Promise<UserResult> {
  const result = await permitted('user.manage', schema, input, async ({ console, user, input }) => {
    const asker = { user, headers: await headers() }
    const wrong = await confirmPassword(console.db, console.auth, asker, input.ownPassword)
    if (wrong !== undefined)
      return { status: 'error' as const, message: 'Nothing was changed.', fieldErrors: { ownPassword: wrong } }
    await run(console.db, input, user)
    return { status: 'success' as const }
  })
  revalidatePath('/settings/users', 'layout')
  return result
}
