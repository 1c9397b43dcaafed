'use server'
import { revalidatePath } from 'next/cache'
import { permitted } from '#app/_lib/action.ts'
import type { ChangeResult } from '#lib/backup/schema.ts'
import { previewRewrap as preview } from '#lib/rewrap/preview-rewrap.ts'
import {
  type PreviewResult,
  rewrapIdSchema,
  rewrapRequestSchema,
  type StartRewrapResult,
  startRewrapSchema,
} from '#lib/rewrap/schema.ts'
import { startRewrap as start } from '#lib/rewrap/start-rewrap.ts'
import { cancelRewrap as cancel, pauseRewrap as pause, resumeRewrap as resume } from '#lib/rewrap/steer-rewrap.ts'

/** Proves the new key, and says what would be done. */
export async function previewRewrap(input: unknown): Promise<PreviewResult> {
  return permitted('key.rewrap', rewrapRequestSchema, input, async ({ console, input }) => {
    return { status: 'success' as const, preview: await preview(console.backup, input) }
  })
}

export async function startRewrap(input: unknown): Promise<StartRewrapResult> {
  const result = await permitted('key.rewrap', startRewrapSchema, input, async ({ console, user, input }) => {
    const { id } = await start(console.backup, input.request, user.email, input.seen)
    return id === null
      ? { status: 'error' as const, message: 'There is nothing to do any more.' }
      : { status: 'success' as const, id }
  })
  if (result.status === 'success') revalidatePath('/keys', 'layout')
  return result
}

export async function pauseRewrap(input: unknown): Promise<ChangeResult> {
  const result = await permitted('key.rewrap', rewrapIdSchema, input, async ({ console, user, input }) => {
    await pause(console.backup, input.id, user.email)
    return { status: 'success' as const }
  })
  revalidatePath('/keys/rewrap', 'layout')
  return result
}

export async function resumeRewrap(input: unknown): Promise<ChangeResult> {
  const result = await permitted('key.rewrap', rewrapIdSchema, input, async ({ console, user, input }) => {
    await resume(console.backup, input.id, user.email)
    return { status: 'success' as const }
  })
  revalidatePath('/keys/rewrap', 'layout')
  return result
}

export async function cancelRewrap(input: unknown): Promise<ChangeResult> {
  const result = await permitted('key.rewrap', rewrapIdSchema, input, async ({ console, user, input }) => {
    await cancel(console.backup, input.id, user.email)
    return { status: 'success' as const }
  })
  revalidatePath('/keys/rewrap', 'layout')
  return result
}
