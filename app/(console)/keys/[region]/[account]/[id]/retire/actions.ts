'use server'
import { revalidatePath } from 'next/cache'
import { headers } from 'next/headers'
import { change, permitted } from '#app/_lib/action.ts'
import { confirmPassword } from '#lib/auth/confirm-password.ts'
import { startDeletion } from '#lib/retire/delete-old-versions.ts'
import { startProof as start } from '#lib/retire/run-proof.ts'
import { deleteVersionsSchema, type RetireResult, retireKeySchema } from '#lib/retire/schema.ts'

export async function startProof(input: unknown): Promise<RetireResult> {
  return change('/keys', 'key.retire', retireKeySchema, input, async ({ console, user, input }) => ({
    id: await start(console.backup, input.key, user.email),
  }))
}

export async function deleteOldVersions(input: unknown): Promise<RetireResult> {
  const result = await permitted('key.retire', deleteVersionsSchema, input, async ({ console, user, input }) => {
    const { password, ...request } = input
    const asker = { user, headers: await headers() }
    const wrong = await confirmPassword(console.db, console.auth, asker, password)
    if (wrong !== undefined)
      return { status: 'error' as const, message: 'Nothing was deleted.', fieldErrors: { password: wrong } }
    await startDeletion(console.backup, request, user.email)
    return { status: 'success' as const, id: request.id }
  })
  revalidatePath('/keys', 'layout')
  return result
}
