'use server'
import { revalidatePath } from 'next/cache'
import { permitted } from '#app/_lib/action.ts'
import { count } from '#components/ui/format-bytes.ts'
import { limitKeyChecks } from '#lib/auth/limit-key-checks.ts'
import { rewrapSeal, rotateSeal } from '#lib/seal/operate-seal.ts'
import { sealActionSchema } from '#lib/seal/schema.ts'

export async function operateSeal(input: unknown) {
  return permitted('seal.change', sealActionSchema, input, async ({ console, user, input: { action } }) => {
    await limitKeyChecks(console.db, user, 'seal.change')
    const host = await console.sealHost()
    const { db, installation } = console.backup
    const by = { actor: user.email }
    const message =
      action === 'rewrap'
        ? await rewrapSeal({ db, installation }, host, { ...by, values: true }).then(
            ({ rootKeys, moved, destroyed, keyId }) =>
              `Wrapped under ${keyId}: ${count(rootKeys, 'root key')}. ${movedText(moved, destroyed)}`,
          )
        : await rotateSeal({ db, installation }, host, by).then(
            ({ id, moved, destroyed }) => `${id} seals what is new. ${movedText(moved, destroyed)}`,
          )
    revalidatePath('/settings/seal')
    return { status: 'success' as const, message }
  })
}

const movedText = (moved: number, destroyed: readonly string[]) =>
  `Moved: ${count(moved, 'value')}. Destroyed: ${count(destroyed.length, 'older root key')}.`
