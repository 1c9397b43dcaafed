import type { BackupContext } from '#lib/backup/backup-context.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { reachKey } from '#lib/key-health/reach-key.ts'
import { whyNot } from '#lib/key-health/why-not.ts'
import type { Answer, KeyAnswers } from './schema.ts'

/** Most keys have one. */
const mostAliases = 5

/**
 * What KMS says of a key beyond whether it works: by DescribeKey, GetKeyRotationStatus and GetKeyLastUsage, none of
 * which anything depends on. Never throws for what KMS answers.
 * @param aliases what was typed for it
 */
export async function askKey(context: BackupContext, arn: string, aliases: readonly string[]): Promise<KeyAnswers> {
  const reached = await reachKey(context, arn, 'other').catch((error: unknown) => {
    if (error instanceof AppError) return error
    throw error
  })
  if (reached instanceof AppError) {
    const no = { ok: false, why: messageOf(reached) } as const
    return { about: no, rotation: no, lastUse: no, aliases: [] }
  }
  const { kms, lookups, close } = reached
  try {
    const [about, rotation, lastUse, pointed] = await Promise.all([
      answer('kms:DescribeKey', async () => {
        const { metadata } = await kms.describe(arn)
        return {
          description: metadata.Description ?? '',
          createdAt: metadata.CreationDate?.toISOString() ?? null,
          multiRegion: metadata.MultiRegion ?? false,
          origin: metadata.Origin ?? 'AWS_KMS',
        }
      }),
      answer('kms:GetKeyRotationStatus', async () => {
        const { on, periodDays, next } = await lookups.rotation(arn)
        return { everyDays: on ? (periodDays ?? 365) : null, next: next?.toISOString() ?? null }
      }),
      answer('kms:GetKeyLastUsage', async () => {
        const { used, since } = await lookups.lastUse(arn)
        return {
          operation: used?.operation ?? '',
          at: used?.at.toISOString() ?? null,
          since: since?.toISOString() ?? null,
        }
      }),
      Promise.all(
        aliases.slice(0, mostAliases).map(async (name) => ({
          name,
          ...(await answer('kms:DescribeKey', async () => ({
            pointsTo: (await kms.describe(name)).metadata.Arn ?? '',
          }))),
        })),
      ),
    ])
    return { about, rotation, lastUse, aliases: pointed }
  } finally {
    close()
  }
}

async function answer<T>(action: string, ask: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { ok: true, ...(await ask()) }
  } catch (error) {
    return { ok: false, why: whyNot(action, error) }
  }
}
