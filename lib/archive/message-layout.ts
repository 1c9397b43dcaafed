// AWS Encryption SDK message format reference, version 2:
// https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/message-format.html

/** AES-256-GCM, HKDF, key commitment, no signature. */
const SUITE_ID = 0x0478
export const FRAME_LENGTH = 1024 * 1024
const MESSAGE_ID = 32
const COMMITMENT = 32
const IV = 12
const TAG = 16
const LAST_FRAME = 0xffff_ffff

/** A regular frame: sequence number, IV, content, tag. */
export const FRAME_OVERHEAD = 4 + IV + TAG
/** The last frame: a mark and its length besides. */
export const LAST_FRAME_OVERHEAD = 4 + 4 + FRAME_OVERHEAD

/**
 * What is wrong with the outer shape of a message, if anything: version, suite, one data key, frames in order, nothing
 * before or after them. Authenticates nothing. The SDK must only be given messages that pass: it takes no notice of
 * bytes after the end, and where a frame's header is wrong it throws outside of any promise, which ends the process.
 */
export function layoutFault(message: Buffer): string | undefined {
  try {
    return faultIn(message)
  } catch (error) {
    if (error instanceof RangeError) return 'it ends too early' // from reading past the end
    throw error
  }
}

/** Where the first frame begins. Only of a message without fault. */
export function framesAt(message: Buffer): number {
  let at = 3 + MESSAGE_ID
  at += 2 + message.readUInt16BE(at) // encryption context
  at += 2
  for (let field = 0; field < 3; field += 1) at += 2 + message.readUInt16BE(at) // provider, key name, encrypted key
  return at + 1 + 4 + COMMITMENT + TAG
}

function faultIn(message: Buffer): string | undefined {
  if (message.readUInt8(0) !== 2) return 'it is no encrypted message of version 2'
  if (message.readUInt16BE(1) !== SUITE_ID) return 'it uses a cipher suite that this format forbids'
  let at = 3 + MESSAGE_ID
  at += 2 + message.readUInt16BE(at) // encryption context
  if (message.readUInt16BE(at) !== 1) return 'it has other than one data key'
  at += 2
  for (let field = 0; field < 3; field += 1) at += 2 + message.readUInt16BE(at) // provider, key name, encrypted key
  if (message.readUInt8(at) !== 2 || message.readUInt32BE(at + 1) !== FRAME_LENGTH)
    return 'its frames are of another size'
  at = framesAt(message)

  for (let sequence = 1; ; sequence += 1) {
    const mark = message.readUInt32BE(at)
    if (mark === LAST_FRAME) {
      const length = message.readUInt32BE(at + 8 + IV)
      if (message.readUInt32BE(at + 4) !== sequence || length > FRAME_LENGTH) return 'its last frame is out of place'
      at += LAST_FRAME_OVERHEAD + length
      if (at > message.length) return 'it ends too early'
      return at < message.length ? 'bytes follow its end' : undefined
    }
    if (mark !== sequence) return 'its frames are out of order'
    at += FRAME_OVERHEAD + FRAME_LENGTH
  }
}
