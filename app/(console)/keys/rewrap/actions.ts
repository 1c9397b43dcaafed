'use server'
import { change, permitted } from '#app/_lib/action.ts'
import { limitKeyChecks } from '#lib/auth/limit-key-checks.ts'
import type { ChangeResult } from '#lib/backup/schema.ts'
import { AppError } from '#lib/errors.ts'
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
  return permitted('key.rewrap', rewrapRequestSchema, input, async ({ console, user, input }) => {
    await limitKeyChecks(console.db, user, 'key.rewrap')
    return { status: 'success' as const, preview: await preview(console.backup, input) }
  })
}

export async function startRewrap(input: unknown): Promise<StartRewrapResult> {
  return change('/keys', 'key.rewrap', startRewrapSchema, input, async ({ console, user, input }) => {
    await limitKeyChecks(console.db, user, 'key.rewrap')
    const { id } = await start(console.backup, input.request, user.email, input.seen)
    if (id === null) throw new AppError('conflict', 'There is nothing to do any more.')
    return { id }
  })
}

export async function pauseRewrap(input: unknown): Promise<ChangeResult> {
  return change('/keys/rewrap', 'key.rewrap', rewrapIdSchema, input, async ({ console, user, input }) => {
    await pause(console.backup, input.id, user.email)
    return {}
  })
}

export async function resumeRewrap(input: unknown): Promise<ChangeResult> {
  return change('/keys/rewrap', 'key.rewrap', rewrapIdSchema, input, async ({ console, user, input }) => {
    await resume(console.backup, input.id, user.email)
    return {}
  })
}

export async function cancelRewrap(input: unknown): Promise<ChangeResult> {
  return change('/keys/rewrap', 'key.rewrap', rewrapIdSchema, input, async ({ console, user, input }) => {
    await cancel(console.backup, input.id, user.email)
    return {}
  })
}
