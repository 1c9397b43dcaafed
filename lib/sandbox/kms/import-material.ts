import {
  constants,
  createDecipheriv,
  createPrivateKey,
  generateKeyPair,
  privateDecrypt,
  randomBytes,
} from 'node:crypto'
import { promisify } from 'node:util'
import { AwsError } from '../aws-error.ts'
import { authorize } from './authorize.ts'
import { invalidCiphertext } from './ciphertext.ts'
import { seconds } from './describe-key.ts'
import { findOwnKey } from './find-key.ts'
import type { Key, Material } from './key.ts'
import { requireState } from './key-state.ts'
import { materialId } from './key-store.ts'
import type { KmsCall, KmsHandler } from './kms-call.ts'

const wrappings = [
  'RSAES_OAEP_SHA_1',
  'RSAES_OAEP_SHA_256',
  'RSA_AES_KEY_WRAP_SHA_1',
  'RSA_AES_KEY_WRAP_SHA_256',
] as const
const makeKeyPair = promisify(generateKeyPair)
const day = 86_400_000

function requireExternal(key: Key): void {
  if (key.origin === 'EXTERNAL') return
  throw new AwsError(
    'UnsupportedOperationException',
    `${key.arn} origin is ${key.origin} which is not valid for this operation.`,
  )
}

export const getParametersForImport: KmsHandler = async (call) => {
  const wrapping = call.input.oneOf('WrappingAlgorithm', wrappings)
  const spec = call.input.oneOf('WrappingKeySpec', ['RSA_2048', 'RSA_3072', 'RSA_4096'])
  if (!wrapping) call.input.requiredString('WrappingAlgorithm')
  if (!spec) call.input.requiredString('WrappingKeySpec')
  const key = findOwnKey(call)
  authorize(call, key, 'GetParametersForImport')
  requireExternal(key)
  requireState(key, 'GetParametersForImport')
  const pair = await makeKeyPair('rsa', { modulusLength: Number(spec?.replace('RSA_', '')) })
  const token = randomBytes(256).toString('base64')
  key.importParameters = {
    token,
    wrapping: wrapping ?? 'RSAES_OAEP_SHA_256',
    privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    expires: call.clock.now() + day,
  }
  call.keys.saveKey(key)
  return {
    KeyId: key.arn,
    ImportToken: token,
    PublicKey: pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    ParametersValidTo: seconds(key.importParameters.expires),
  }
}

/** Throws InvalidImportTokenException, ExpiredImportTokenException, InvalidCiphertextException. */
function unwrap(call: KmsCall, key: Key): Buffer {
  const token = call.input.requiredBlob('ImportToken', { min: 1, max: 6144 })
  const wrapped = call.input.requiredBlob('EncryptedKeyMaterial', { min: 1, max: 6144 })
  const parameters = key.importParameters
  if (parameters?.token !== token.toString('base64')) throw new AwsError('InvalidImportTokenException', '')
  if (parameters.expires <= call.clock.now()) throw new AwsError('ExpiredImportTokenException', '')
  const oaep = {
    key: createPrivateKey(parameters.privateKey),
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash: parameters.wrapping.endsWith('SHA_1') ? 'sha1' : 'sha256',
  }
  try {
    let material: Buffer
    if (parameters.wrapping.startsWith('RSA_AES')) {
      // An AES key under RSA, then the material under that key (RFC 5649).
      const size = (oaep.key.asymmetricKeyDetails?.modulusLength ?? 0) / 8
      const outer = privateDecrypt(oaep, wrapped.subarray(0, size))
      const inner = createDecipheriv('id-aes256-wrap-pad', outer, Buffer.from('a65959a6', 'hex'))
      material = Buffer.concat([inner.update(wrapped.subarray(size)), inner.final()])
    } else {
      material = privateDecrypt(oaep, wrapped)
    }
    if (material.length === 32) return material
  } catch {
    // told below
  }
  throw invalidCiphertext()
}

function readExpiry(call: KmsCall): number | undefined {
  const model = call.input.oneOf('ExpirationModel', ['KEY_MATERIAL_EXPIRES', 'KEY_MATERIAL_DOES_NOT_EXPIRE'])
  const validTo = call.input.date('ValidTo')
  if (model === 'KEY_MATERIAL_DOES_NOT_EXPIRE') return undefined
  if (validTo !== undefined) return validTo
  throw new AwsError('ValidationException', 'A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES')
}

/** Puts material where it belongs: the first, a known one again, or a new one that waits for a rotation. */
function place(call: KmsCall, key: Key, secret: Buffer): Material {
  const id = materialId(key.id, secret)
  const isNew = call.input.oneOf('ImportType', ['NEW_KEY_MATERIAL', 'EXISTING_KEY_MATERIAL']) === 'NEW_KEY_MATERIAL'
  const known = key.materials.find((material) => material.id === id)
  if (known) return known
  const material: Material = { id, since: call.clock.now() }
  if (key.materials.length > 0) {
    if (!isNew) throw new AwsError('IncorrectKeyMaterialException', '')
    const pending = key.materials.find((other) => other.pending)
    if (pending) {
      throw new AwsError(
        'KMSInvalidStateException',
        `New key material (id: ${id}) cannot be imported into KMS key ${key.id}, because another key material (id: ${pending.id}) is pending rotation.`,
      )
    }
    material.pending = true
  }
  key.materials.push(material)
  return material
}

export const importKeyMaterial: KmsHandler = (call) => {
  const key = findOwnKey(call)
  authorize(call, key, 'ImportKeyMaterial')
  requireExternal(key)
  const validTo = readExpiry(call)
  requireState(key, 'ImportKeyMaterial')
  const secret = unwrap(call, key)
  const material = place(call, key, secret)
  material.secret = secret.toString('base64')
  if (validTo === undefined) delete material.validTo
  else material.validTo = validTo
  const whole = key.materials.every((candidate) => candidate.pending || candidate.secret)
  if (key.state === 'PendingImport' && whole) key.state = 'Enabled'
  call.keys.saveKey(key)
  return { KeyId: key.arn, KeyMaterialId: material.id }
}

export const deleteImportedKeyMaterial: KmsHandler = (call) => {
  const id = call.input.string('KeyMaterialId', { min: 64, max: 64 })
  const key = findOwnKey(call)
  authorize(call, key, 'DeleteImportedKeyMaterial')
  requireExternal(key)
  requireState(key, 'DeleteImportedKeyMaterial')
  const current = call.keys.current(key)
  const material = id === undefined ? current : key.materials.find((candidate) => candidate.id === id)
  if (id !== undefined && !material) throw new AwsError('NotFoundException', `Key material ${id} not found`)
  if (material?.pending) key.materials = key.materials.filter((other) => other !== material)
  else if (material?.secret) {
    delete material.secret
    key.state = 'PendingImport'
  }
  call.keys.saveKey(key)
  return { KeyId: key.arn, ...(material && { KeyMaterialId: material.id }) }
}
