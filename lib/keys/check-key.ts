import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import type { KeyMetadata } from '@aws-sdk/client-kms'
import type { Diagnosis } from '#lib/aws/diagnosis.ts'
import { faultOf } from '#lib/aws/fault.ts'
import { AppError } from '#lib/errors.ts'
import {
  diagnoseKms,
  disabled,
  type KmsAction,
  type KmsSituation,
  pendingDeletion,
  pendingImport,
  wrongUsage,
} from './diagnose-kms.ts'
import type { Kms } from './kms.ts'
import { type Check, type CheckId, checkTitles, parseKeyIdentifier, regionMismatch, regionOf } from './schema.ts'

type KeyCheckId = Extract<CheckId, `key.${string}`>
const keyCheckIds = ['key.describe', 'key.usable', 'key.encrypt', 'key.decrypt', 'key.context'] as const

/**
 * Proves a key by using it. DescribeKey and Encrypt go out at once; then Decrypt and Decrypt under a wrong context.
 * Never throws for what AWS answers: a check is data.
 * @param key as typed: key ID, key ARN, alias or alias ARN
 */
export async function checkKey(
  kms: Kms,
  key: string,
  situation: Omit<KmsSituation, 'keyArn'>,
): Promise<{ checks: Check[]; keyArn: string | null }> {
  const parsed = parseKeyIdentifier(key)
  if (!parsed.ok)
    return invalid({
      title: 'This is not a KMS key',
      detail: parsed.message,
      cause: 'The value has not the form of a key ARN, key ID, alias or alias ARN.',
      fix: 'Copy the key ARN from KMS > Customer managed keys.',
    })
  const typed = parsed.key.value
  const keyRegion = regionOf(parsed.key)
  if (keyRegion && keyRegion !== situation.region) {
    return invalid({
      title: 'The key is in another Region',
      detail: regionMismatch(keyRegion, situation.region),
      cause: 'A KMS key works only in its own Region, and backups are encrypted where they are stored.',
      fix: `Choose the Region ${keyRegion}, or a key that is in ${situation.region}.`,
    })
  }

  const context = {
    installation: situation.installation,
    environment: situation.environment,
    purpose: 'key-check',
    probe: randomUUID(),
  }
  const secret = randomBytes(32)
  let keyArn: string | null = null
  const at = (): KmsSituation => ({ ...situation, keyArn: keyArn ?? typed })

  const describing = attempt('key.describe', 'kms:DescribeKey', at, async () => {
    const answer = await kms.describe(typed)
    keyArn = answer.metadata.Arn ?? null
    return { ...answer, detail: keyArn ?? typed }
  })
  const encrypting = attempt('key.encrypt', 'kms:Encrypt', at, async () => {
    const answer = await kms.encrypt(typed, secret, context)
    keyArn ??= answer.keyArn
    return { ...answer, detail: 'KMS encrypted 32 random bytes.' }
  })
  const [described, encrypted] = await Promise.all([describing, encrypting])

  const usable = described.answer ? judge(described.answer.metadata, at()) : skipped('key.usable', 'Needs DescribeKey')
  if (!encrypted.answer) {
    const rest = [skipped('key.decrypt', 'Needs Encrypt'), skipped('key.context', 'Needs Encrypt')]
    return { keyArn, checks: [described.check, usable, encrypted.check, ...rest] }
  }

  const { keyArn: usedKey, ciphertext } = encrypted.answer
  const [decrypted, wrongContext] = await Promise.all([
    attempt('key.decrypt', 'kms:Decrypt', at, async () => {
      const answer = await kms.decrypt(usedKey, ciphertext, context)
      if (answer.keyArn !== usedKey)
        throw new AppError('integrity', `KMS decrypted with ${answer.keyArn}, but ${usedKey} had encrypted.`)
      if (answer.plaintext.length !== secret.length || !timingSafeEqual(answer.plaintext, secret)) {
        throw new AppError(
          'integrity',
          'KMS gave back other bytes than it was given. What answers here is not AWS KMS.',
        )
      }
      return { ...answer, detail: 'The same bytes came back, from the same key.' }
    }),
    checkWrongContext(kms, usedKey, ciphertext, context, at),
  ])
  const wrong = decrypted.answer ? wrongContext : skipped('key.context', 'Needs Decrypt')
  return { keyArn, checks: [described.check, usable, encrypted.check, decrypted.check, wrong] }
}

function invalid(diagnosis: Diagnosis): { checks: Check[]; keyArn: null } {
  const [first, ...rest] = keyCheckIds
  return {
    keyArn: null,
    checks: [
      { id: first, status: 'failed', kind: 'invalid', durationMs: 0, ...diagnosis },
      ...rest.map((id) => skipped(id, 'Nothing was sent to AWS')),
    ],
  }
}

/** The wrong context keeps installation and environment, so that a policy bound to these does not hide what is tested. */
async function checkWrongContext(
  kms: Kms,
  key: string,
  ciphertext: Uint8Array,
  context: Record<string, string>,
  at: () => KmsSituation,
): Promise<Check> {
  const base = { id: 'key.context' as const, title: checkTitles['key.context'] }
  const started = performance.now()
  const took = () => Math.round(performance.now() - started)
  try {
    const { requestId } = await kms.decrypt(key, ciphertext, { ...context, probe: randomUUID() })
    return {
      ...base,
      status: 'failed',
      kind: 'invalid',
      title: 'A wrong context was accepted',
      detail:
        'The ciphertext opened although the encryption context was a different one. A wrapped key could be moved to another backup unnoticed.',
      cause: 'What answers here does not authenticate the encryption context, so it is not AWS KMS.',
      fix: 'Check the endpoint. Do not keep backups behind it.',
      awsRequestId: requestId,
      durationMs: took(),
    }
  } catch (error) {
    const fault = faultOf(error)
    const aws = { awsCode: fault.code, awsMessage: fault.message, awsRequestId: fault.requestId, durationMs: took() }
    if (fault.code === 'InvalidCiphertextException') {
      return {
        ...base,
        status: 'passed',
        detail: 'KMS refused to decrypt under a different encryption context.',
        awsRequestId: fault.requestId,
        durationMs: took(),
      }
    }
    if (fault.kind === 'refused') {
      return {
        ...base,
        ...aws,
        status: 'warning',
        kind: 'refused',
        detail: 'Inconclusive: a policy refused the request before the context was compared.',
      }
    }
    const { title, ...diagnosis } = diagnoseKms(fault, 'kms:Decrypt', at())
    return {
      ...base,
      ...aws,
      status: 'failed',
      kind: fault.kind,
      ...diagnosis,
      title: `Wrong context could not be tried: ${title}`,
    }
  }
}

async function attempt<T extends { requestId: string | undefined; detail: string }>(
  id: KeyCheckId,
  action: KmsAction,
  at: () => KmsSituation,
  run: () => Promise<T>,
): Promise<{ check: Check; answer: T | undefined }> {
  const started = performance.now()
  const took = () => Math.round(performance.now() - started)
  try {
    const answer = await run()
    return {
      answer,
      check: {
        id,
        title: checkTitles[id],
        status: 'passed',
        detail: answer.detail,
        awsRequestId: answer.requestId,
        durationMs: took(),
      },
    }
  } catch (error) {
    if (error instanceof AppError) {
      const integrity = {
        title: `${checkTitles[id]} went wrong`,
        detail: error.message,
        cause: 'The answer is not one that AWS KMS gives.',
        fix: 'Check the endpoint and what lies between this console and AWS.',
      }
      return { answer: undefined, check: { id, status: 'failed', kind: 'invalid', ...integrity, durationMs: took() } }
    }
    const fault = faultOf(error)
    const aws = { awsCode: fault.code, awsMessage: fault.message, awsRequestId: fault.requestId }
    return {
      answer: undefined,
      check: {
        id,
        status: 'failed',
        kind: fault.kind,
        ...diagnoseKms(fault, action, at()),
        ...aws,
        durationMs: took(),
      },
    }
  }
}

/** What DescribeKey tells. Encrypt alone is not enough: an RSA key encrypts too, and a key pending deletion is about to be gone. */
function judge(metadata: KeyMetadata, { keyArn, region }: KmsSituation): Check {
  const base = { id: 'key.usable' as const, title: checkTitles['key.usable'], durationMs: 0 }
  const no = (kind: 'refused' | 'invalid', diagnosis: Diagnosis): Check => ({
    ...base,
    status: 'failed',
    kind,
    ...diagnosis,
  })
  if (metadata.KeySpec !== 'SYMMETRIC_DEFAULT' || metadata.KeyUsage !== 'ENCRYPT_DECRYPT') {
    return no('invalid', wrongUsage(`Its key spec is ${metadata.KeySpec}, its key usage ${metadata.KeyUsage}.`))
  }
  switch (metadata.KeyState) {
    case 'Enabled':
    case 'Updating':
      break
    case 'Disabled':
      return no('refused', disabled(keyArn, region))
    case 'PendingDeletion':
    case 'PendingReplicaDeletion':
      return no('refused', pendingDeletion(keyArn, region, metadata.DeletionDate))
    case 'PendingImport':
      return no('refused', pendingImport(keyArn))
    default:
      return no('refused', {
        title: 'The key is not ready',
        detail: `Its state is ${metadata.KeyState}.`,
        cause: 'Only a key in state Enabled encrypts and decrypts.',
        fix: 'Wait until KMS shows it as enabled, then check again.',
      })
  }
  if (metadata.KeyManager === 'AWS') {
    return no('invalid', {
      title: 'AWS manages this key, not you',
      detail: 'Its key policy cannot be changed, so access to it cannot be revoked.',
      cause: 'Keys with an alias alias/aws/… are AWS managed keys.',
      fix: 'Create a customer managed key and enter its ARN.',
    })
  }
  const kind = metadata.MultiRegion ? 'Multi-Region key' : 'Key'
  return {
    ...base,
    status: 'passed',
    detail: `${kind} in ${region}, account ${metadata.AWSAccountId}, origin ${metadata.Origin}.`,
  }
}

function skipped(id: KeyCheckId, why: string): Check {
  return { id, title: checkTitles[id], status: 'skipped', detail: `${why}.`, durationMs: 0 }
}
