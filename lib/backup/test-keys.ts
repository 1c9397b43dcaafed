import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { AppError } from '#lib/errors.ts'
import type { KeyContext, KeyWrapper } from '#lib/keys/key-wrapper.ts'
import type { OpeningKey } from './envelope.ts'

/** A key for tests that behaves like one in KMS: bound to a context, counting its calls, refusing when told to. */
export class TestKey implements KeyWrapper, OpeningKey {
  readonly keyId: string
  readonly wrapper = this
  calls = { wrap: 0, unwrap: 0 }
  refusal: AppError | undefined
  readonly #key = randomBytes(32)

  constructor(name: string) {
    this.keyId = `arn:aws:kms:eu-central-1:111122223333:key/${name}`
  }

  async wrap(key: Uint8Array, context: KeyContext) {
    this.calls.wrap += 1
    if (this.refusal) throw this.refusal
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv).setAAD(canonical(context))
    const ciphertext = Buffer.concat([iv, cipher.update(key), cipher.final(), cipher.getAuthTag()])
    return { keyId: this.keyId, ciphertext }
  }

  async unwrap({ ciphertext }: { ciphertext: Uint8Array }, context: KeyContext) {
    this.calls.unwrap += 1
    if (this.refusal) throw this.refusal
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, ciphertext.subarray(0, 12))
      decipher.setAAD(canonical(context)).setAuthTag(ciphertext.subarray(-16))
      return Buffer.concat([decipher.update(ciphertext.subarray(12, -16)), decipher.final()])
    } catch (cause) {
      throw new AppError('integrity', `${this.keyId} does not open it.`, { cause })
    }
  }
}

function canonical(context: KeyContext): Buffer {
  return Buffer.from(JSON.stringify(Object.entries(context).sort()))
}
