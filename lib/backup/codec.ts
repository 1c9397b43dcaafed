import { createHash } from 'node:crypto'
import { type MessageCipher, type MessageContext, messageCipher } from '#lib/archive/message.ts'
import { compressFrame, decompressFrame, FrameReader } from '#lib/archive/zstd-frame.ts'
import { AppError } from '#lib/errors.ts'
import { freeWhole } from '#lib/free-now.ts'
import { copyTo } from '#lib/shared-memory.ts'
import { Slots } from './slots.ts'

/** Turns content into the bytes of a stored object and back: one zstd frame, encrypted unless the method is `none`. */
export interface Codec {
  /**
   * `content` must not change until this resolves. The result begins a memory that it shares with nothing: `reuse`
   * where that is large enough.
   */
  seal(content: Buffer, context: MessageContext, reuse?: Buffer): Promise<Buffer>
  /**
   * Never more than `maxLength` bytes. Throws AppError `integrity` with a sentence about "it".
   * @param spent the object is needed no more, whatever comes of this: its memory may take the content
   */
  open(object: Uint8Array, context: MessageContext, maxLength: number, spent?: boolean): Promise<Buffer>
}

export function encryptedCodec(backupKey: Uint8Array, backup: string): Codec {
  const cipher: MessageCipher = messageCipher(backupKey, backup)
  // A third one at once makes nothing faster on the one thread that encrypts, and takes two frames more of memory.
  const sealing = new Slots(2)
  const opening = new Slots(1)
  return {
    seal: async (content, context, reuse) => {
      const pieces = await compressFrame(content)
      await sealing.take()
      try {
        return await cipher.encrypt(pieces, context, reuse)
      } finally {
        sealing.give()
        freeCompressed(pieces, content)
      }
    },
    open: async (object, context, maxLength, spent) => {
      const frame = new FrameReader(spent ? object : Buffer.allocUnsafeSlow(object.length))
      // Several at once would all be ready late, and push each other out of the processor's cache.
      await opening.take()
      try {
        await cipher.decryptTo((piece) => frame.write(piece), object, context)
      } finally {
        opening.give()
      }
      return frame.content(maxLength)
    },
  }
}

/** Method `none`: anyone who can read the bucket reads the backup. */
export const plainCodec: Codec = {
  seal: async (content, _context, reuse) => {
    const pieces = await compressFrame(content)
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
    const object = reuse && reuse.length >= length ? reuse : Buffer.allocUnsafeSlow(length)
    let at = 0
    for (const piece of pieces) {
      copyTo(object, at, piece)
      at += piece.length
    }
    freeCompressed(pieces, content)
    return object.subarray(0, length)
  },
  open: (object, _context, maxLength, spent) => decompressFrame(object, maxLength, spent),
}

/** Frees what the compressor made; what does not compress lies in the content itself. */
function freeCompressed(pieces: readonly Buffer[], content: Buffer): void {
  for (const piece of pieces) if (piece.buffer !== content.buffer) freeWhole(piece)
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The same error, its sentence about "it" made one about a named object. */
export function naming(what: string, error: unknown): unknown {
  if (!(error instanceof AppError) || error.code !== 'integrity') return error
  return new AppError('integrity', `${what} is not what was written. ${error.message}`, {
    cause: error,
    fix: error.fix ?? FIX,
  })
}

const FIX = 'It was damaged or replaced in the bucket; nothing of it was used.'
