'use server'
import { revalidatePath } from 'next/cache'
import { headers } from 'next/headers'
import { change, permitted } from '#app/_lib/action.ts'
import { confirmPassword } from '#lib/auth/confirm-password.ts'
import type { ChangeResult } from '#lib/backup/schema.ts'
import { type ShredResult, shredFormSchema, shredIdSchema } from '#lib/shred/schema.ts'
import { startShred as start } from '#lib/shred/start-shred.ts'
import { undoShred as undo } from '#lib/shred/undo-shred.ts'

export async function startShred(input: unknown): Promise<ShredResult> {
  const result = await permitted('backup.shred', shredFormSchema, input, async ({ console, user, input }) => {
    const { password, ...request } = input
    const asker = { user, headers: await headers() }
    const wrong = await confirmPassword(console.db, console.auth, asker, password)
    if (wrong !== undefined)
      return { status: 'error' as const, message: 'Nothing was asked for.', fieldErrors: { password: wrong } }
    return { status: 'success' as const, id: await start(console.forJob(), request, user.email) }
  })
  // A countdown stands on every page.
  if (result.status === 'success') revalidatePath('/', 'layout')
  return result
}

export async function undoShred(input: unknown): Promise<ChangeResult> {
  return change('/', 'backup.shred', shredIdSchema, input, async ({ console, user, input }) => {
    await undo(console.db, input.id, user.email)
    return {}
  })
}
