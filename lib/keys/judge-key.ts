import type { KeyMetadata } from '@aws-sdk/client-kms'
import type { Diagnosis } from '#lib/aws/diagnosis.ts'
import { disabled, notReady, pendingDeletion, pendingImport, unavailable, wrongUsage } from './key-states.ts'
import type { CheckOf } from './run-check.ts'
import { type Check, checkTitles } from './schema.ts'

const day = 86_400_000
const soonDays = 30

/**
 * What DescribeKey tells. Encrypt alone is not enough: an RSA key encrypts too, and a key pending deletion is about to
 * be gone.
 */
export function judgeKey(metadata: KeyMetadata, of: CheckOf, keyArn: string, region: string): Check {
  const base = { ...of, title: checkTitles[of.id], durationMs: 0 }
  const no = (kind: 'refused' | 'invalid', diagnosis: Diagnosis): Check => ({
    ...base,
    status: 'failed',
    kind,
    ...diagnosis,
  })
  if (metadata.KeySpec !== 'SYMMETRIC_DEFAULT' || metadata.KeyUsage !== 'ENCRYPT_DECRYPT') {
    return no('invalid', wrongUsage(`Its key spec is ${metadata.KeySpec}, its key usage ${metadata.KeyUsage}.`))
  }
  const trouble = stateTrouble(metadata, keyArn, region)
  if (trouble) return no('refused', trouble)
  if (metadata.KeyManager === 'AWS') {
    return no('invalid', {
      title: 'AWS manages this key, not you',
      detail: 'Its key policy cannot be changed, so access to it cannot be revoked.',
      cause: 'Keys with an alias alias/aws/… are AWS managed keys.',
      who: 'settings',
      fix: 'Create a customer managed key and enter its ARN.',
    })
  }
  const expires = metadata.ExpirationModel === 'KEY_MATERIAL_EXPIRES' ? metadata.ValidTo : undefined
  const kind = metadata.MultiRegion ? 'Multi-Region key' : 'Key'
  const about = `${kind} in ${region}, account ${metadata.AWSAccountId}, origin ${metadata.Origin}`
  if (!expires) return { ...base, status: 'passed', detail: `${about}.` }
  const date = expires.toISOString().slice(0, 10)
  const left = Math.floor((expires.getTime() - Date.now()) / day)
  const detail = `${about}. Its key material expires on ${date}.`
  if (left > soonDays) return { ...base, status: 'passed', detail }
  return {
    ...base,
    status: 'warning',
    detail,
    cause: `KMS deletes the imported material in ${left} ${left === 1 ? 'day' : 'days'}; then no backup can be made or read.`,
    who: 'key',
    fix: 'Import the same key material again with a later date, or without one.',
  }
}

function stateTrouble({ KeyState, DeletionDate }: KeyMetadata, key: string, region: string): Diagnosis | undefined {
  switch (KeyState) {
    // A multi-Region key that is being updated works.
    case 'Enabled':
    case 'Updating':
      return undefined
    case 'Disabled':
      return disabled(key, region)
    case 'PendingDeletion':
    case 'PendingReplicaDeletion':
      return pendingDeletion(key, region, DeletionDate)
    case 'PendingImport':
      return pendingImport(key)
    case 'Unavailable':
      return unavailable()
    default:
      return notReady(String(KeyState))
  }
}
