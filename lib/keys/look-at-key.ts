import type { KeyMetadata } from '@aws-sdk/client-kms'
import { commandRemedy } from '#lib/aws/fixes/commands.ts'
import { word } from '#lib/aws/fixes/shell.ts'
import type { KmsLookups } from './kms-lookups.ts'
import type { Outcome } from './run-check.ts'

const date = (at: Date) => at.toISOString().slice(0, 10)

/** @param metadata of the key: which keys KMS rotates is in its API reference, EnableKeyRotation */
export async function rotationOf(
  kms: KmsLookups,
  keyArn: string,
  region: string,
  { KeyState, Origin = 'AWS_KMS', MultiRegionConfiguration }: KeyMetadata,
): Promise<Outcome> {
  if (Origin !== 'AWS_KMS') {
    const what = Origin === 'EXTERNAL' ? 'imported key material' : 'keys of a custom key store'
    return { requestId: undefined, detail: `KMS does not rotate ${what} by itself.` }
  }
  // KMS would say that it is off; cancelling puts back what was (GetKeyRotationStatus).
  if (KeyState === 'PendingDeletion' || KeyState === 'PendingReplicaDeletion')
    return { requestId: undefined, detail: 'KMS rotates no key that is scheduled for deletion.' }
  const { on, periodDays, next, requestId } = await kms.rotation(keyArn)
  if (on && KeyState === 'Disabled') return { requestId, detail: 'On, but KMS rotates no key that is disabled.' }
  if (on) {
    const when = next ? `, next on ${date(next)}` : ''
    return { requestId, detail: `On, every ${periodDays ?? 365} days${when}.` }
  }
  // Replicas follow their primary, which alone can be told to.
  const { MultiRegionKeyType, PrimaryKey } = MultiRegionConfiguration ?? {}
  const primary = MultiRegionKeyType === 'REPLICA' ? PrimaryKey : undefined
  if (KeyState === 'Disabled' && !primary)
    return { requestId, detail: 'Automatic rotation is off. KMS turns it on for no key that is disabled.' }
  return {
    requestId,
    status: 'warning',
    detail: 'Automatic rotation is off.',
    cause: 'KMS makes no new key material for this key by itself. What is encrypted stays as safe as it is.',
    who: 'key',
    fix: 'Turn on automatic rotation. Key ID and policy stay, and nothing has to be encrypted again.',
    remedies: [
      commandRemedy(
        `By an administrator of ${primary ? 'its primary key, which this replica follows' : 'the key'}. Each of the first two rotations adds to its monthly price.`,
        `aws kms enable-key-rotation --region ${primary?.Region ?? region} --key-id ${word(primary?.Arn ?? keyArn)}`,
      ),
    ],
  }
}

/** @param asked when the check began: what came later may be its own doing */
export async function lastUseOf(kms: KmsLookups, keyArn: string, asked: Date): Promise<Outcome> {
  const { used, since, requestId } = await kms.lastUse(keyArn)
  if (used && used.at.getTime() >= asked.getTime() - 1000)
    return { requestId, detail: `${used.operation} just now, which may be this check.` }
  if (used)
    return { requestId, detail: `${used.operation} on ${used.at.toISOString().slice(0, 16).replace('T', ' ')} UTC.` }
  return { requestId, detail: since ? `Not used since ${date(since)}, when AWS began to keep track.` : 'Never used.' }
}
