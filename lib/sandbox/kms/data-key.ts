import { randomBytes } from 'node:crypto'
import { AwsError } from '../aws-error.ts'
import { authorize } from './authorize.ts'
import { sealBlob } from './ciphertext.ts'
import { noteUse, requireUsage, stopDryRun } from './encrypt.ts'
import { findKey } from './find-key.ts'
import { isSymmetric } from './key.ts'
import { requireState } from './key-state.ts'
import type { KmsCall, KmsHandler } from './kms-call.ts'

function makeDataKey(call: KmsCall): { plaintext: Buffer; answer: object } {
  const { input, operation } = call
  const spec = input.oneOf('KeySpec', ['AES_256', 'AES_128'])
  const bytes = input.number('NumberOfBytes', { min: 1, max: 1024 })
  const encryptionContext = input.map('EncryptionContext')
  const { key, alias } = findKey(call, input.requiredString('KeyId'), `kms:${operation}`, true)
  if ((spec === undefined) === (bytes === undefined)) {
    throw new AwsError('ValidationException', 'Please specify either number of bytes or key spec.')
  }
  authorize(call, key, operation, { encryptionContext, algorithm: 'SYMMETRIC_DEFAULT', alias })
  requireUsage(key, operation)
  requireState(key, operation)
  if (!isSymmetric(key)) {
    throw new AwsError(
      'InvalidKeyUsageException',
      `Algorithm SYMMETRIC_DEFAULT is incompatible with key spec ${key.spec}.`,
    )
  }
  stopDryRun(call)
  const material = call.keys.current(key)
  if (!material?.secret) throw new AwsError('KMSInvalidStateException', `${key.arn} is pending import.`)
  const plaintext = randomBytes(bytes ?? (spec === 'AES_128' ? 16 : 32))
  noteUse(call, key)
  const blob = sealBlob(key, material, plaintext, encryptionContext)
  return {
    plaintext,
    answer: { CiphertextBlob: blob.toString('base64'), KeyId: key.arn, KeyMaterialId: material.id },
  }
}

export const generateDataKey: KmsHandler = (call) => {
  const { plaintext, answer } = makeDataKey(call)
  return { ...answer, Plaintext: plaintext.toString('base64') }
}

export const generateDataKeyWithoutPlaintext: KmsHandler = (call) => makeDataKey(call).answer
