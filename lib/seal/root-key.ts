import { randomBytes, randomUUID } from 'node:crypto'
import { messageCipher } from '#lib/archive/message.ts'
import type { KeyContext } from '#lib/keys/key-wrapper.ts'

/** One of the console's own keys: wraps backup keys of method AES-256 and seals stored secrets. 256 bits. */
export interface RootKey {
  /** `root-key/<UUID>`: stands wherever it was used, so that the key that opens a value is always known. */
  readonly id: string
  readonly key: Uint8Array
}

export function newRootKey(): RootKey {
  return { id: `root-key/${randomUUID()}`, key: randomBytes(32) }
}

/** Wraps keys and seals small secrets under 256 bits held in memory, each as one AWS Encryption SDK message. */
export interface MemoryWrapper {
  wrap(key: Uint8Array, context: KeyContext): Promise<Uint8Array>
  /** Throws AppError `integrity`: damaged, made under another key, or for another context. */
  unwrap(ciphertext: Uint8Array, context: KeyContext): Promise<Uint8Array>
}

export function memoryWrapper({ id, key }: RootKey): MemoryWrapper {
  const cipher = messageCipher(key, id)
  return {
    wrap: (plaintext, context) => cipher.encrypt([plaintext], context),
    unwrap: (ciphertext, context) => cipher.decrypt(ciphertext, context),
  }
}
