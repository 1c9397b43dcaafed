import { messageCipher } from '#lib/archive/message.ts'
import { AppError } from '#lib/errors.ts'
import type { KeyWrapper } from '#lib/keys/key-wrapper.ts'
import type { RootKey } from './root-key.ts'

/** Wraps keys, and seals small secrets, under the console's root key. A wrapped key is one AWS Encryption SDK message. */
export function sealKeyWrapper(root: RootKey): KeyWrapper {
  const cipher = messageCipher(root.key, root.id)
  return {
    async wrap(key, context) {
      return { keyId: root.id, ciphertext: await cipher.encrypt([key], context) }
    },
    async unwrap(wrapped, context) {
      if (wrapped.keyId !== root.id) {
        throw new AppError('integrity', `This was sealed under ${wrapped.keyId}, but this console has ${root.id}.`, {
          fix: 'Restore secrets/root-key of the data folder that it was sealed with.',
        })
      }
      return cipher.decrypt(wrapped.ciphertext, context)
    },
  }
}
