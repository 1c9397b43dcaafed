'use server'
import { headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { guarded, parsed } from '#app/_lib/action.ts'
import { currentUser } from '#app/_lib/session.ts'
import type { ActionResult } from '#lib/action-result.ts'
import { recordAudit } from '#lib/audit/record.ts'
import { setupSchema } from '#lib/auth/schema.ts'
import { completeSetup as complete } from '#lib/auth/setup.ts'

/** Makes the first administrator and signs them in. The one-time token is the permission. */
export async function completeSetup(input: unknown): Promise<ActionResult> {
  return guarded((console) =>
    parsed(setupSchema, input, async (person) => {
      await complete(console.db, person)
      const { email, password } = person
      await console.auth.api.signInEmail({ body: { email, password }, headers: await headers() })
      return { status: 'success' as const }
    }),
  )
}

export async function signOut(): Promise<void> {
  await guarded(async (console) => {
    const user = await currentUser()
    if (!user) return
    await console.auth.api.signOut({ headers: await headers() })
    await recordAudit(console.db, {
      actor: user.email,
      action: 'auth.sign-out',
      outcome: 'success',
      subject: user.email,
    })
  })
  redirect('/sign-in')
}
