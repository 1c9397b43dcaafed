import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { AwsError } from '../aws-error.ts'
import type { Key, Material } from './key.ts'

/**
 * A ciphertext blob of a symmetric key:
 *
 *     1  format, always 1
 *     1  length n of the address
 *     n  address: account/region/key ID, ASCII
 *    32  key material ID
 *    12  nonce
 *    16  tag
 *     …  ciphertext
 *
 * AES-256-GCM under the material; the key ID, the material ID and the encryption context are authenticated.
 * The Region is not: a multi-Region key opens in any of its Regions.
 */
interface Blob {
  account: string
  region: string
  keyId: string
  materialId: string
  nonce: Buffer
  tag: Buffer
  body: Buffer
}

const format = 1

function authenticated(keyId: string, materialId: string, context: Record<string, string>): Buffer {
  const pairs = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))
  return Buffer.from(JSON.stringify([keyId, materialId, pairs]))
}

export function sealBlob(key: Key, material: Material, plaintext: Buffer, context: Record<string, string>): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(material.secret ?? '', 'base64'), nonce)
  cipher.setAAD(authenticated(key.id, material.id, context))
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()])
  const address = Buffer.from(`${key.account}/${key.region}/${key.id}`)
  const head = Buffer.from([format, address.length])
  return Buffer.concat([head, address, Buffer.from(material.id, 'hex'), nonce, cipher.getAuthTag(), body])
}

/** AWS gives no message, and does not tell a wrong context from damage. */
export function invalidCiphertext(): AwsError {
  return new AwsError('InvalidCiphertextException', '')
}

/** Undefined when the bytes are no blob of this service. */
export function readBlob(bytes: Buffer): Blob | undefined {
  const length = bytes[1] ?? 0
  if (bytes[0] !== format || bytes.length < 2 + length + 60) return undefined
  const address = bytes.toString('latin1', 2, 2 + length)
  const [, account = '', region = '', keyId = ''] = /^(\d{12})\/([a-z0-9-]+)\/([0-9a-z-]+)$/.exec(address) ?? []
  if (!keyId) return undefined
  const rest = bytes.subarray(2 + length)
  return {
    account,
    region,
    keyId,
    materialId: rest.toString('hex', 0, 32),
    nonce: rest.subarray(32, 44),
    tag: rest.subarray(44, 60),
    body: rest.subarray(60),
  }
}

/** Throws InvalidCiphertextException. */
export function openBlob(blob: Blob, material: Material | undefined, context: Record<string, string>): Buffer {
  if (!material?.secret) throw invalidCiphertext()
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(material.secret, 'base64'), blob.nonce)
  decipher.setAuthTag(blob.tag)
  decipher.setAAD(authenticated(blob.keyId, blob.materialId, context))
  try {
    return Buffer.concat([decipher.update(blob.body), decipher.final()])
  } catch {
    throw invalidCiphertext()
  }
}
