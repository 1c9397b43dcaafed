import { constants, createZstdCompress, zstdCompressSync, zstdDecompress } from 'node:zlib'
import { AppError } from '#lib/errors.ts'

const LEVEL = 3
const SAMPLES = 16
const SAMPLE_SIZE = 16 * 1024
const WORTH_COMPRESSING = 0.95
/** As much memory as is taken beforehand, for output of a size that nobody knows. */
const OUTPUT_CHUNK = 1024 * 1024
const RAW_BLOCK = 128 * 1024
const MAGIC = 0xfd2fb528
const STORED = 0b1110_0000
const STORED_HEADER = 13
const MAX_STEP = 16 * 1024 * 1024 + 1024

/**
 * One zstd frame, in pieces to be written one after the other. Data that does not compress is stored in a frame of
 * raw blocks: no copy and no work. The pieces may point into `data`, which must stay as it is until they are used.
 */
export async function compressFrame(data: Buffer): Promise<Buffer[]> {
  return looksCompressible(data) ? await compress(data) : storeFrame(data)
}

/** Some slices from all over the data, compressed quickly: what they save is about what the whole would save. */
function looksCompressible(data: Buffer): boolean {
  let sample = data
  if (data.length > SAMPLES * SAMPLE_SIZE) {
    const step = (data.length - SAMPLE_SIZE) / (SAMPLES - 1)
    const slices = Array.from({ length: SAMPLES }, (_, i) => {
      const start = Math.floor(i * step)
      return data.subarray(start, start + SAMPLE_SIZE)
    })
    sample = Buffer.concat(slices)
  }
  const options = { chunkSize: sample.length + 1024, params: { [constants.ZSTD_c_compressionLevel]: 1 } }
  return zstdCompressSync(sample, options).length < sample.length * WORTH_COMPRESSING
}

function compress(data: Buffer): Promise<Buffer[]> {
  const stream = createZstdCompress({
    // Node goes through the thread pool once for every chunk of output; its default is 16 KiB.
    chunkSize: Math.min(data.length + (data.length >> 8) + 1024, OUTPUT_CHUNK),
    // Only a pledged size is written into the frame.
    pledgedSrcSize: data.length,
    params: { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_contentSizeFlag]: 1 },
  })
  const pieces: Buffer[] = []
  return new Promise((resolve, reject) => {
    stream.on('data', (piece: Buffer) => pieces.push(piece))
    stream.once('end', () => resolve(pieces))
    stream.once('error', reject)
    stream.end(data)
  })
}

/** RFC 8878: magic number, frame header (single segment, 8-byte content size), raw blocks of at most 128 KiB. */
function storeFrame(data: Buffer): Buffer[] {
  const header = Buffer.alloc(STORED_HEADER)
  header.writeUInt32LE(MAGIC, 0)
  header.writeUInt8(STORED, 4)
  header.writeBigUInt64LE(BigInt(data.length), 5)
  const pieces: Buffer[] = [header]
  for (let start = 0; start < data.length || start === 0; start += RAW_BLOCK) {
    const content = data.subarray(start, start + RAW_BLOCK)
    const last = start + RAW_BLOCK >= data.length
    const blockHeader = Buffer.alloc(3)
    blockHeader.writeUIntLE((content.length << 3) | (last ? 1 : 0), 0, 3)
    pieces.push(blockHeader, content)
  }
  return pieces
}

/** Where the blocks of a frame lie that `storeFrame` made; undefined of any other frame. */
function storedBlocks(frame: Buffer): { readonly from: number; readonly to: number }[] | undefined {
  if (frame.length < STORED_HEADER || frame.readUInt32LE(0) !== MAGIC || frame.readUInt8(4) !== STORED) return undefined
  const blocks = []
  let content = 0
  for (let at = STORED_HEADER; at + 3 <= frame.length; ) {
    const header = frame.readUIntLE(at, 3)
    const length = header >>> 3
    if ((header & 0b110) !== 0 || length > RAW_BLOCK) return undefined
    blocks.push({ from: at + 3, to: at + 3 + length })
    content += length
    at += 3 + length
    if (header & 1) return at === frame.length && BigInt(content) === frame.readBigUInt64LE(5) ? blocks : undefined
  }
  return undefined
}

/**
 * The content of a frame, never more than `maxLength` bytes. Throws AppError `integrity`.
 * @param spent the frame is needed no more: its memory may take the content
 */
export async function decompressFrame(frame: Uint8Array, maxLength: number, spent = false): Promise<Buffer> {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength)
  const blocks = storedBlocks(bytes)
  if (!blocks || frame.length > maxLength + STORED_HEADER + 3 * blocks.length) return decompress(frame, maxLength)
  const content = spent ? bytes : Buffer.allocUnsafeSlow(bytes.length)
  let length = 0
  for (const { from, to } of blocks) length += bytes.copy(content, length, from, to)
  return content.subarray(0, length)
}

function decompress(frame: Uint8Array, maxLength: number): Promise<Buffer> {
  // Produced in one step where it fits, with some room: what is filled to its end is followed by another as large.
  const chunkSize = Math.min(maxLength + 1024, MAX_STEP, 64 * 1024 + frame.length * 8)
  const options = { chunkSize, maxOutputLength: Math.max(maxLength, 1) }
  return new Promise((resolve, reject) => {
    zstdDecompress(frame, options, (error, content) => {
      if (error)
        reject(new AppError('integrity', `It is no zstd frame of at most ${maxLength} bytes.`, { cause: error }))
      else resolve(content)
    })
  })
}
