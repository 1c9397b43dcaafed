import { AwsError } from '../aws-error.ts'
import { Input } from '../kms/input.ts'
import type { KmsCall } from '../kms/kms-call.ts'
import { kmsOperations } from '../kms/operations.ts'
import type { BucketSettings } from './bucket-store.ts'
import { accessDenied, invalidArgument } from './errors.ts'
import type { Encryption } from './object-version.ts'
import { type BucketCall, headerOf } from './s3-call.ts'

const header = 'x-amz-server-side-encryption'
const modes = ['AES256', 'aws:kms', 'aws:kms:dsse'] as const

/** S3 calls KMS in the caller's name, and passes its refusals on in its own way. */
async function callKms(call: BucketCall, operation: string, input: object): Promise<Record<string, unknown>> {
  const kmsCall: KmsCall = {
    operation,
    input: new Input(JSON.stringify(input)),
    caller: call.caller,
    region: call.bucket.settings.region,
    requestId: call.requestId,
    keys: call.world.keys,
    iam: call.world.iam,
    clock: call.world.clock,
    viaService: `s3.${call.bucket.settings.region}.amazonaws.com`,
  }
  try {
    return { ...(await kmsOperations.get(operation)?.(kmsCall)) }
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
    if (error.code === 'AccessDeniedException') throw accessDenied(error.message)
    throw new AwsError(`KMS.${error.code}`, error.message)
  }
}

/** What the data key is bound to: the object, or the whole bucket with a bucket key. */
function kmsContext(call: BucketCall, bucketKey: boolean): Record<string, string> {
  const own: Record<string, string> = {}
  const text = headerOf(call, `${header}-context`)
  if (text !== undefined) {
    const given = new Input(JSON.stringify({ context: parseContext(text) })).map('context')
    Object.assign(own, given)
  }
  return { 'aws:s3:arn': bucketKey ? call.bucket.arn : `${call.bucket.arn}/${call.key}`, ...own }
}

function parseContext(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64').toString('utf8'))
  } catch {
    throw invalidArgument(
      'The header x-amz-server-side-encryption-context must be a base64-encoded UTF-8 string holding JSON.',
      `${header}-context`,
      text,
    )
  }
}

function wanted(call: BucketCall): {
  algorithm: Encryption['algorithm']
  keyId: string | undefined
  bucketKey: boolean
} {
  const name = headerOf(call, header)
  const keyId = headerOf(call, `${header}-aws-kms-key-id`)
  const bucketDefault: NonNullable<BucketSettings['encryption']> = call.bucket.settings.encryption ?? {
    algorithm: 'AES256',
    bucketKey: false,
  }
  const bucketKey = headerOf(call, `${header}-bucket-key-enabled`)?.toLowerCase()
  if (name === undefined) {
    if (keyId !== undefined) {
      throw invalidArgument(
        'The header x-amz-server-side-encryption-aws-kms-key-id requires x-amz-server-side-encryption.',
        header,
      )
    }
    return { algorithm: bucketDefault.algorithm, keyId: bucketDefault.keyId, bucketKey: bucketDefault.bucketKey }
  }
  const algorithm = modes.find((mode) => mode === name)
  if (!algorithm) {
    throw new AwsError(
      'InvalidEncryptionAlgorithmError',
      'The encryption request you specified is not valid. Supported value: AES256.',
    )
  }
  if (algorithm === 'AES256' && keyId !== undefined) {
    throw invalidArgument(
      'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse',
    )
  }
  const named = keyId ?? (bucketDefault.algorithm === 'AES256' ? undefined : bucketDefault.keyId)
  return {
    algorithm,
    keyId: named,
    bucketKey: bucketKey === undefined ? bucketDefault.bucketKey : bucketKey === 'true',
  }
}

/**
 * What is asked for in the headers or by the bucket's default. With KMS a data key is made under the key, which is what
 * decides who may read; the bytes themselves stay readable on disk, as everything in this stand-in does.
 */
export async function chooseEncryption(call: BucketCall): Promise<Encryption> {
  const { algorithm, keyId, bucketKey } = wanted(call)
  if (algorithm === 'AES256') return { algorithm }
  const context = kmsContext(call, bucketKey)
  const answer = await callKms(call, 'GenerateDataKey', {
    KeyId: keyId ?? 'alias/aws/s3',
    KeySpec: 'AES_256',
    EncryptionContext: context,
  })
  return {
    algorithm,
    keyArn: String(answer.KeyId),
    dataKey: String(answer.CiphertextBlob),
    context,
    ...(bucketKey && { bucketKey }),
  }
}

/** Throws as KMS says when the reader may not decrypt, or the key is off. */
export async function openEncryption(call: BucketCall, encryption: Encryption): Promise<void> {
  if (encryption.dataKey === undefined) return
  await callKms(call, 'Decrypt', { CiphertextBlob: encryption.dataKey, EncryptionContext: encryption.context })
}

export function encryptionHeaders(encryption: Encryption): Record<string, string> {
  return {
    [header]: encryption.algorithm,
    ...(encryption.keyArn !== undefined && { [`${header}-aws-kms-key-id`]: encryption.keyArn }),
    ...(encryption.bucketKey && { [`${header}-bucket-key-enabled`]: 'true' }),
  }
}
