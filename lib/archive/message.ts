import {
  AlgorithmSuiteIdentifier,
  buildClient,
  CommitmentPolicy,
  type MessageHeader,
  RawAesKeyringNode,
  RawAesWrappingSuiteIdentifier,
} from '@aws-crypto/client-node'
import { AppError } from '#lib/errors.ts'

/** AES-256-GCM, HKDF, key commitment, no signature (0x0478). */
const SUITE = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY
const FRAME = 1024 * 1024
/** Around each frame: sequence number, IV, tag; the last one has an end mark and its length besides. */
const FRAME_OVERHEAD = 4 + 12 + 16
const LAST_FRAME_OVERHEAD = 4 + 4 + FRAME_OVERHEAD
/** More than any header made here: its context is made of IDs. */
const HEADER_AT_MOST = 16 * 1024
const KEY_NAMESPACE = 'vault-console'

const { encryptStream, decryptStream } = buildClient({
  commitmentPolicy: CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
  maxEncryptedDataKeys: 1,
})

export type MessageContext = Readonly<Record<string, string>>

/** Makes and opens AWS Encryption SDK messages under one 256-bit key. */
export interface MessageCipher {
  /**
   * @param plaintext in pieces, as they follow each other
   * @param reuse memory for the message if it is large enough; otherwise new memory, which it shares with nothing
   */
  encrypt(plaintext: readonly Uint8Array[], context: MessageContext, reuse?: Buffer): Promise<Buffer>
  /** The whole plaintext, after all of it was authenticated. Throws AppError `integrity`. */
  decrypt(message: Uint8Array, context: MessageContext): Promise<Buffer>
}

/** @param keyName stands in every message as the key's name (the backup's ID); not secret */
export function messageCipher(key: Uint8Array, keyName: string): MessageCipher {
  const keyring = new RawAesKeyringNode({
    keyName,
    keyNamespace: KEY_NAMESPACE,
    // The SDK insists on a key that shares its memory with nothing.
    unencryptedMasterKey: Uint8Array.from(key),
    wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
  })

  return {
    async encrypt(plaintext, context, reuse) {
      const stream = encryptStream(keyring, { suiteId: SUITE, frameLength: FRAME, encryptionContext: { ...context } })
      const length = plaintext.reduce((sum, piece) => sum + piece.length, 0)
      const atMost = length + HEADER_AT_MOST + (length / FRAME + 1) * LAST_FRAME_OVERHEAD
      const done = collect(stream, reuse && reuse.length >= atMost ? reuse : Buffer.allocUnsafeSlow(Math.ceil(atMost)))
      for (const piece of plaintext)
        for (let at = 0; at < piece.length; at += FRAME) stream.write(piece.subarray(at, at + FRAME))
      stream.end()
      return done
    },

    async decrypt(message, context) {
      let header: MessageHeader | undefined
      let plaintext: Buffer
      try {
        const stream = decryptStream(keyring, { maxBodySize: FRAME })
        stream.once('MessageHeader', (seen: MessageHeader) => {
          header = seen
        })
        const done = collect(stream, Buffer.allocUnsafeSlow(message.length))
        const step = FRAME + FRAME_OVERHEAD
        for (let at = 0; at < message.length; at += step) stream.write(message.subarray(at, at + step))
        stream.end()
        plaintext = await done
      } catch (cause) {
        throw new AppError('integrity', 'It cannot be decrypted: it was damaged, or made under another key.', { cause })
      }
      if (header?.suiteId !== SUITE) throw new AppError('integrity', 'It uses a cipher suite that this format forbids.')
      if (!sameContext(header.encryptionContext, context))
        throw new AppError('integrity', 'It was made for another place: its encryption context differs.')
      // The SDK takes no notice of what follows the end of a message.
      if (message.length !== messageLength(header, plaintext.length))
        throw new AppError('integrity', 'Bytes follow the end of its encrypted message.')
      return plaintext
    },
  }
}

/** All that a stream gives, copied to the front of `into`. */
function collect(stream: NodeJS.ReadableStream, into: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let length = 0
    stream.on('data', (piece: Buffer) => {
      if (length + piece.length > into.length) reject(new RangeError('a message longer than it can be'))
      else length += piece.copy(into, length)
    })
    stream.once('end', () => resolve(into.subarray(0, length)))
    stream.once('error', reject)
  })
}

function sameContext(seen: MessageContext, expected: MessageContext): boolean {
  const names = Object.keys(seen)
  return (
    names.length === Object.keys(expected).length &&
    names.every((name) => Object.hasOwn(expected, name) && seen[name] === expected[name])
  )
}

/** Source: AWS Encryption SDK message format reference, version 2. */
function messageLength(header: MessageHeader, plaintextLength: number): number {
  const context = Object.entries(header.encryptionContext)
  const contextLength = context.reduce(
    (sum, [name, value]) => sum + 4 + Buffer.byteLength(name) + Buffer.byteLength(value),
    context.length > 0 ? 2 : 0,
  )
  const keysLength = header.encryptedDataKeys.reduce(
    (sum, { rawInfo, providerInfo, providerId, encryptedDataKey }) =>
      sum +
      6 +
      Buffer.byteLength(providerId) +
      (rawInfo?.byteLength ?? Buffer.byteLength(providerInfo)) +
      encryptedDataKey.byteLength,
    2,
  )
  const headerLength = 1 + 2 + 32 + 2 + contextLength + keysLength + 1 + 4 + 32 + 16
  const wholeFrames = Math.floor(plaintextLength / FRAME)
  const rest = plaintextLength - wholeFrames * FRAME
  return headerLength + wholeFrames * (FRAME + FRAME_OVERHEAD) + LAST_FRAME_OVERHEAD + rest
}
