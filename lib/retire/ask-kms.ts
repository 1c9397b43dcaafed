import type { BackupContext } from '#lib/backup/backup-context.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { reachKey } from '#lib/key-health/reach-key.ts'
import { whyNot } from '#lib/key-health/why-not.ts'
import type { RetireReport } from './schema.ts'

/** What KMS says of the key, each part or why not. Uses nothing that the key would have to allow for a backup. */
export async function askKms(context: BackupContext, key: string): Promise<RetireReport['kms']> {
  const reached = await reachKey(context, key, 'proof').catch((error: unknown) => {
    if (error instanceof AppError) return error
    throw error
  })
  if (reached instanceof AppError) {
    const no = { why: messageOf(reached) }
    return { state: no, lastUse: no, aliases: no }
  }
  const { kms, lookups, close } = reached
  try {
    const [state, lastUse, aliases] = await Promise.all([
      orWhy('kms:DescribeKey', async () => {
        const { KeyState = 'unknown', DeletionDate } = (await kms.describe(key)).metadata
        return { state: KeyState, deletionDate: DeletionDate?.toISOString() ?? null }
      }),
      orWhy('kms:GetKeyLastUsage', async () => {
        const { used, since } = await lookups.lastUse(key)
        const [at, from] = [used?.at.toISOString() ?? null, since?.toISOString() ?? null]
        return { at, operation: used?.operation ?? '', since: from }
      }),
      orWhy('kms:ListAliases', async () => ({ names: await lookups.aliases(key) })),
    ])
    return { state, lastUse, aliases }
  } finally {
    close()
  }
}

async function orWhy<T>(action: string, ask: () => Promise<T>): Promise<T | { why: string }> {
  try {
    return await ask()
  } catch (error) {
    return { why: whyNot(action, error) }
  }
}
