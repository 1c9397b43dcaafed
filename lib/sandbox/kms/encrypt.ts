import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  privateDecrypt,
  publicEncrypt,
  randomUUID,
} from 'node:crypto'
import { promisify } from 'node:util'
import { AwsError } from '../aws-error.ts'
import { accessDenied, authorize } from './authorize.ts'
import { invalidCiphertext, openBlob, readBlob, sealBlob } from './ciphertext.ts'
import { type Found, findKey } from './find-key.ts'
import { isSymmetric, type Key } from './key.ts'
import { requireState } from './key-state.ts'
import type { KmsCall, KmsHandler } from './kms-call.ts'

const encryptionAlgorithms = ['SYMMETRIC_DEFAULT', 'RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'SM2PKE'] as const
type Algorithm = (typeof encryptionAlgorithms)[number]

export function requireUsage(key: Key, operation: string): void {
  if (key.usage === 'ENCRYPT_DECRYPT') return
  throw new AwsError(
    'InvalidKeyUsageException',
    `${key.arn} key usage is ${key.usage} which is not valid for ${operation}.`,
  )
}

function requireAlgorithm(key: Key, algorithm: Algorithm): void {
  if (isSymmetric(key) === (algorithm === 'SYMMETRIC_DEFAULT') && algorithm !== 'SM2PKE') return
  throw new AwsError('InvalidKeyUsageException', `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`)
}

export function stopDryRun(call: KmsCall): void {
  if (!call.input.boolean('DryRun')) return
  throw new AwsError('DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.')
}

/** GetKeyLastUsage counts only calls that succeeded. */
export function noteUse(call: KmsCall, key: Key): void {
  key.lastUsage = {
    operation: call.operation,
    time: call.clock.now(),
    requestId: call.requestId,
    eventId: randomUUID(),
  }
}

const makeKeyPair = promisify(generateKeyPair)

/** Made at the first use: an RSA key takes a second of work that most never need. */
async function privateKey(call: KmsCall, key: Key): Promise<string> {
  const holder = call.keys.holder(key)
  if (!holder.privateKey) {
    const pair = await makeKeyPair('rsa', { modulusLength: Number(key.spec.replace('RSA_', '')) })
    holder.privateKey ??= pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    call.keys.saveKey(holder)
  }
  return holder.privateKey
}

const oaep = (algorithm: Algorithm) => ({
  padding: constants.RSA_PKCS1_OAEP_PADDING,
  oaepHash: algorithm === 'RSAES_OAEP_SHA_1' ? 'sha1' : 'sha256',
})

async function encryptWith(
  call: KmsCall,
  key: Key,
  plaintext: Buffer,
  context: Record<string, string>,
  algorithm: Algorithm,
): Promise<Buffer> {
  if (!isSymmetric(key)) {
    const limit = Number(key.spec.replace('RSA_', '')) / 8 - 2 - 2 * (algorithm === 'RSAES_OAEP_SHA_1' ? 20 : 32)
    if (plaintext.length > limit) {
      throw new AwsError(
        'ValidationException',
        `Algorithm ${algorithm} and key spec ${key.spec} cannot encrypt data larger than ${limit} bytes.`,
      )
    }
    return publicEncrypt({ key: createPublicKey(await privateKey(call, key)), ...oaep(algorithm) }, plaintext)
  }
  const material = call.keys.current(key)
  if (!material?.secret) throw new AwsError('KMSInvalidStateException', `${key.arn} is pending import.`)
  return sealBlob(key, material, plaintext, context)
}

export const encrypt: KmsHandler = async (call) => {
  const { input } = call
  const plaintext = input.requiredBlob('Plaintext', { min: 1, max: 4096 })
  const encryptionContext = input.map('EncryptionContext')
  const algorithm = input.oneOf('EncryptionAlgorithm', encryptionAlgorithms) ?? 'SYMMETRIC_DEFAULT'
  const { key, alias } = findKey(call, input.requiredString('KeyId'), 'kms:Encrypt', true)
  authorize(call, key, 'Encrypt', { encryptionContext, algorithm, alias })
  requireUsage(key, 'Encrypt')
  requireState(key, 'Encrypt')
  requireAlgorithm(key, algorithm)
  stopDryRun(call)
  const blob = await encryptWith(call, key, plaintext, encryptionContext, algorithm)
  noteUse(call, key)
  return { CiphertextBlob: blob.toString('base64'), KeyId: key.arn, EncryptionAlgorithm: algorithm }
}

/** What ReEncrypt calls the same things on its source side. */
interface DecryptNames {
  keyId: string
  context: string
  algorithm: string
  /** The IAM action, without `kms:`. */
  action: string
}

const decryptNames: DecryptNames = {
  keyId: 'KeyId',
  context: 'EncryptionContext',
  algorithm: 'EncryptionAlgorithm',
  action: 'Decrypt',
}

interface Opened {
  key: Key
  plaintext: Buffer
  algorithm: Algorithm
  materialId: string | undefined
}

const wrongKey = () =>
  new AwsError(
    'IncorrectKeyException',
    'The key ID in the request does not identify a CMK that can perform this operation.',
  )

/** The key that made a blob, as this Region's endpoint sees it. */
function keyOfBlob(call: KmsCall, blob: { account: string; region: string; keyId: string }): Key | undefined {
  const key = call.keys.key(blob.account, call.region, blob.keyId)
  return key && (key.region === blob.region || key.multiRegion) ? key : undefined
}

export async function open(call: KmsCall, names: DecryptNames = decryptNames): Promise<Opened> {
  const { input } = call
  const encryptionContext = input.map(names.context)
  const algorithm = input.oneOf(names.algorithm, encryptionAlgorithms) ?? 'SYMMETRIC_DEFAULT'
  const keyName = input.string(names.keyId, { min: 1, max: 2048 })
  const ignoreCiphertext = input.strings('DryRunModifiers').includes('IGNORE_CIPHERTEXT') && input.boolean('DryRun')
  const limits = { min: 1, max: 6144 }
  const bytes = ignoreCiphertext ? input.blob('CiphertextBlob', limits) : input.requiredBlob('CiphertextBlob', limits)
  const blob = bytes && !ignoreCiphertext ? readBlob(bytes) : undefined
  const action = `kms:${names.action}`

  let found: Found
  if (keyName !== undefined) {
    found = findKey(call, keyName, action, true)
  } else {
    if (ignoreCiphertext || algorithm !== 'SYMMETRIC_DEFAULT') input.requiredString(names.keyId)
    if (!blob) throw invalidCiphertext()
    const key = keyOfBlob(call, blob)
    if (!key) throw accessDenied(call, action, 'on the resource associated with this ciphertext', 'foreign')
    found = { key, alias: undefined }
  }
  const { key, alias } = found
  authorize(call, key, names.action, { encryptionContext, algorithm, alias, byCiphertext: keyName === undefined })
  requireUsage(key, call.operation)
  requireState(key, call.operation)
  requireAlgorithm(key, algorithm)
  if (ignoreCiphertext || !bytes) {
    return { key, plaintext: Buffer.alloc(0), algorithm, materialId: call.keys.current(key)?.id }
  }
  if (!isSymmetric(key)) {
    try {
      const plaintext = privateDecrypt(
        { key: createPrivateKey(await privateKey(call, key)), ...oaep(algorithm) },
        bytes,
      )
      return { key, plaintext, algorithm, materialId: undefined }
    } catch {
      throw invalidCiphertext()
    }
  }
  if (!blob) throw invalidCiphertext()
  if (blob.keyId !== key.id || blob.account !== key.account) throw wrongKey()
  if (blob.region !== key.region && !key.multiRegion) throw wrongKey()
  const material = call.keys.holder(key).materials.find((candidate) => candidate.id === blob.materialId)
  return { key, plaintext: openBlob(blob, material, encryptionContext), algorithm, materialId: material?.id }
}

export const decrypt: KmsHandler = async (call) => {
  const opened = await open(call)
  stopDryRun(call)
  noteUse(call, opened.key)
  return {
    KeyId: opened.key.arn,
    Plaintext: opened.plaintext.toString('base64'),
    EncryptionAlgorithm: opened.algorithm,
    ...(opened.materialId !== undefined && { KeyMaterialId: opened.materialId }),
  }
}

/** Opens under one key and seals under another, without the plaintext leaving the service. */
export const reEncrypt: KmsHandler = async (call) => {
  const { input } = call
  const source = await open(call, {
    keyId: 'SourceKeyId',
    context: 'SourceEncryptionContext',
    algorithm: 'SourceEncryptionAlgorithm',
    action: 'ReEncryptFrom',
  })
  const encryptionContext = input.map('DestinationEncryptionContext')
  const algorithm = input.oneOf('DestinationEncryptionAlgorithm', encryptionAlgorithms) ?? 'SYMMETRIC_DEFAULT'
  const { key, alias } = findKey(call, input.requiredString('DestinationKeyId'), 'kms:ReEncryptTo', true)
  authorize(call, key, 'ReEncryptTo', { encryptionContext, algorithm, alias })
  requireUsage(key, 'ReEncrypt')
  requireState(key, 'ReEncrypt')
  requireAlgorithm(key, algorithm)
  stopDryRun(call)
  const blob = await encryptWith(call, key, source.plaintext, encryptionContext, algorithm)
  noteUse(call, source.key)
  noteUse(call, key)
  return {
    CiphertextBlob: blob.toString('base64'),
    SourceKeyId: source.key.arn,
    KeyId: key.arn,
    SourceEncryptionAlgorithm: source.algorithm,
    DestinationEncryptionAlgorithm: algorithm,
    ...(source.materialId !== undefined && { SourceKeyMaterialId: source.materialId }),
    ...(isSymmetric(key) && { DestinationKeyMaterialId: call.keys.current(key)?.id }),
  }
}
