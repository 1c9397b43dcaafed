'use server'
import { revalidatePath } from 'next/cache'
import { permitted } from '#app/_lib/action.ts'
import { tryKeyNow } from '#lib/key-health/watch-keys.ts'
import { type CheckKeyResult, checkKeySchema } from '#lib/key-holdings/schema.ts'

export async function checkKeyNow(input: unknown): Promise<CheckKeyResult> {
  const result = await permitted('key.check', checkKeySchema, input, async ({ console, input }) => {
    const state = await tryKeyNow(console.backup, input.arn, console.env.keyHealth)
    const note = state === undefined ? 'Nothing needs this key, so it is not watched.' : `Checked: ${state}.`
    return { status: 'success' as const, note }
  })
  // What every page shows may have changed: a key that is pending deletion counts down on each of them.
  revalidatePath('/', 'layout')
  return result
}
