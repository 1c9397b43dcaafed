'use server'
import { revalidatePath } from 'next/cache'
import { headers } from 'next/headers'
import { change, permitted } from '#app/_lib/action.ts'
import { changeOwnPassword } from '#lib/auth/change-own-password.ts'
import { confirmPassword } from '#lib/auth/confirm-password.ts'
import { endOwnSessions } from '#lib/auth/own-sessions.ts'
import { changeOwnPasswordSchema, endSessionsSchema, type UserResult } from '#lib/auth/schema.ts'

export async function changePassword(input: unknown): Promise<UserResult> {
  const result = await permitted('account.change', changeOwnPasswordSchema, input, async (asked) => {
    const { console, session, user, input } = asked
    const asker = { user, headers: await headers() }
    const wrong = await confirmPassword(console.db, console.auth, asker, input.ownPassword)
    if (wrong !== undefined)
      return { status: 'error' as const, message: 'Nothing was changed.', fieldErrors: { ownPassword: wrong } }
    await changeOwnPassword(console.db, session, input.password)
    return { status: 'success' as const }
  })
  revalidatePath('/account')
  return result
}

/** Others than the one that asks: that one ends with Sign out. */
export async function endSessions(input: unknown): Promise<UserResult> {
  return change('/account', 'account.change', endSessionsSchema, input, async ({ console, session, input }) => {
    await endOwnSessions(console.db, session, input.id)
    return {}
  })
}
