'use server'
import { change } from '#app/_lib/action.ts'
import { limitKeyChecks } from '#lib/auth/limit-key-checks.ts'
import { tryKeyNow } from '#lib/key-health/watch-keys.ts'
import { type CheckKeyResult, checkKeySchema } from '#lib/key-holdings/schema.ts'

export async function checkKeyNow(input: unknown): Promise<CheckKeyResult> {
  // What every page shows may have changed: a key that is pending deletion counts down on each of them.
  return change('/', 'key.check', checkKeySchema, input, async ({ console, user, input }) => {
    await limitKeyChecks(console.db, user, 'key.check')
    const state = await tryKeyNow(console.backup, input.arn, console.env.keyHealth)
    return { note: state === undefined ? 'Nothing needs this key, so it is not watched.' : `Checked: ${state}.` }
  })
}
