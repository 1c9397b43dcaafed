import { buildDecrypt } from '@aws-crypto/decrypt-node'
import { buildEncrypt } from '@aws-crypto/encrypt-node'
import { AlgorithmSuiteIdentifier, CommitmentPolicy } from '@aws-crypto/material-management-node'
import { RawAesKeyringNode, RawAesWrappingSuiteIdentifier } from '@aws-crypto/raw-aes-keyring-node'
import { AppError } from '#lib/errors.ts'
import { freeNow } from '#lib/free-now.ts'
import { copyTo } from '#lib/shared-memory.ts'
import { FRAME_LENGTH, FRAME_OVERHEAD, framesAt, LAST_FRAME_OVERHEAD, layoutFault } from './message-layout.ts'

/** More than any header made here: its context is made of IDs. */
const HEADER_AT_MOST = 16 * 1024
const KEY_NAMESPACE = 'vault-console'

// Not their umbrella, @aws-crypto/client-node: its keyrings for KMS bring DynamoDB's client and more with them.
const options = { commitmentPolicy: CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT, maxEncryptedDataKeys: 1 }
const { encryptStream } = buildEncrypt(options)
const { decryptStream } = buildDecrypt(options)

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
  /**
   * The same in pieces. Nothing of them may be used before this resolves: only then all is authenticated.
   * @param take gets each piece in turn, good until it returns. It may write over the message up to as many bytes as it
   * was given: no piece reaches as far as what is still to be read.
   */
  decryptTo(take: (piece: Buffer) => void, message: Uint8Array, context: MessageContext): Promise<void>
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
      const stream = encryptStream(keyring, {
        suiteId: AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY,
        frameLength: FRAME_LENGTH,
        encryptionContext: { ...context },
      })
      const length = plaintext.reduce((sum, piece) => sum + piece.length, 0)
      const atMost = length + HEADER_AT_MOST + (length / FRAME_LENGTH + 1) * LAST_FRAME_OVERHEAD
      const message = memoryOf(reuse && reuse.length >= atMost ? reuse : Buffer.allocUnsafeSlow(Math.ceil(atMost)))
      const done = handOver(stream, message.take)
      const frame = Buffer.allocUnsafeSlow(Math.min(length, FRAME_LENGTH))
      const feed = async () => {
        for (const bytes of inFrames(plaintext, frame)) await new Promise((written) => stream.write(bytes, written))
        stream.end()
        await done
      }
      try {
        await Promise.race([feed(), done])
        return message.taken()
      } finally {
        freeNow(frame)
      }
    },

    async decrypt(message, context) {
      const plaintext = memoryOf(Buffer.allocUnsafeSlow(message.length))
      await decryptTo(plaintext.take, message, context)
      return plaintext.taken()
    },

    decryptTo,
  }

  async function decryptTo(take: (piece: Buffer) => void, message: Uint8Array, context: MessageContext): Promise<void> {
    const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength)
    const fault = layoutFault(bytes)
    if (fault) throw new AppError('integrity', `It cannot be decrypted: ${fault}.`)
    let seen: MessageContext | undefined
    try {
      const stream = decryptStream(keyring, { maxBodySize: FRAME_LENGTH })
      stream.once('MessageHeader', (header: { readonly encryptionContext: MessageContext }) => {
        seen = header.encryptionContext
      })
      const done = handOver(stream, take)
      // A frame at a time, so that each is decrypted in one piece.
      for (let [from, to] = [0, framesAt(bytes)]; from < bytes.length; from = to, to += FRAME_LENGTH + FRAME_OVERHEAD)
        stream.write(bytes.subarray(from, to))
      stream.end()
      await done
    } catch (cause) {
      throw new AppError('integrity', 'It cannot be decrypted: it was damaged, or made under another key.', { cause })
    }
    if (!seen || !sameContext(seen, context))
      throw new AppError('integrity', 'It was made for another place: its encryption context differs.')
  }
}

/**
 * The same bytes, a frame at a time: the SDK takes every piece through all its streams, and waits for its turn with each.
 * Every frame is good until the next one is asked for.
 * @param frame memory for those that are made of several pieces
 */
function* inFrames(pieces: readonly Uint8Array[], frame: Buffer): Generator<Uint8Array> {
  let used = 0
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + FRAME_LENGTH - used)
      at += part.length
      if (part.length === FRAME_LENGTH) {
        yield part
        continue
      }
      frame.set(part, used)
      used += part.length
      if (used < FRAME_LENGTH) continue
      yield frame
      used = 0
    }
  }
  if (used > 0) yield frame.subarray(0, used)
}

/** Resolves at the end of a stream, of which `take` gets every piece. What `take` throws rejects. */
function handOver(stream: NodeJS.ReadableStream, take: (piece: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.on('data', (piece: Buffer) => {
      try {
        take(piece)
      } catch (error) {
        reject(error)
      }
      freeNow(piece)
    })
    stream.once('end', resolve)
    stream.on('error', reject) // not once: the SDK's stream reports some errors twice
  })
}

/** Takes pieces, one after the other, into the front of `memory`. */
function memoryOf(memory: Buffer) {
  let length = 0
  return {
    take(piece: Buffer) {
      if (length + piece.length > memory.length) throw new RangeError('a message longer than it can be')
      copyTo(memory, length, piece)
      length += piece.length
    },
    taken: () => memory.subarray(0, length),
  }
}

function sameContext(seen: MessageContext, expected: MessageContext): boolean {
  const names = Object.keys(seen)
  return (
    names.length === Object.keys(expected).length &&
    names.every((name) => Object.hasOwn(expected, name) && seen[name] === expected[name])
  )
}
