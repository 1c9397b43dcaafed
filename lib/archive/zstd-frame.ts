import { constants, createZstdCompress, zstdCompressSync, zstdDecompress } from 'node:zlib'
import { AppError } from '#lib/errors.ts'
import { freeWhole } from '#lib/free-now.ts'
import { copyTo } from '#lib/shared-memory.ts'

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
const BLOCK_HEADER = 3
const WHOLE_BLOCK = rawBlockHeader(RAW_BLOCK, false)
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
  const compressed = zstdCompressSync(sample, options)
  const isWorthIt = compressed.length < sample.length * WORTH_COMPRESSING
  freeWhole(compressed)
  if (sample !== data) freeWhole(sample)
  return isWorthIt
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
  const end = Math.max(0, Math.ceil(data.length / RAW_BLOCK) - 1) * RAW_BLOCK
  for (let start = 0; start < end; start += RAW_BLOCK) pieces.push(WHOLE_BLOCK, data.subarray(start, start + RAW_BLOCK))
  pieces.push(rawBlockHeader(data.length - end, true), data.subarray(end))
  return pieces
}

function rawBlockHeader(length: number, isLast: boolean): Buffer {
  const header = Buffer.alloc(BLOCK_HEADER)
  header.writeUIntLE((length << 3) | (isLast ? 1 : 0), 0, BLOCK_HEADER)
  return header
}

/**
 * The content of a frame, never more than `maxLength` bytes. Throws AppError `integrity`.
 * @param spent the frame is needed no more: its memory may take the content
 */
export function decompressFrame(frame: Uint8Array, maxLength: number, spent = false): Promise<Buffer> {
  const reader = new FrameReader(spent ? frame : Buffer.allocUnsafeSlow(frame.length))
  reader.write(asBuffer(frame))
  return reader.content(maxLength)
}

/** Takes a frame in pieces. Of one that `storeFrame` made it keeps only the content, so that this is copied once. */
export class FrameReader {
  readonly #memory: Buffer
  readonly #header = Buffer.alloc(STORED_HEADER)
  #headerRead = 0
  #isStored = false
  readonly #blockHeader = Buffer.alloc(BLOCK_HEADER)
  #blockHeaderRead = 0
  #blockLeft = 0
  #isLast = false
  #isWrong = false
  #length = 0

  /** @param memory as large as the frame; the pieces may lie in it, each not before where it goes */
  constructor(memory: Uint8Array) {
    this.#memory = asBuffer(memory)
  }

  write(piece: Buffer): void {
    let at = 0
    if (this.#headerRead < STORED_HEADER) {
      at = piece.copy(this.#header, this.#headerRead)
      this.#headerRead += at
      if (this.#headerRead < STORED_HEADER) return
      this.#isStored = this.#header.readUInt32LE(0) === MAGIC && this.#header.readUInt8(4) === STORED
      if (!this.#isStored) this.#keep(this.#header)
    }
    if (this.#isStored) this.#writeBlocks(piece, at)
    else this.#keep(piece.subarray(at))
  }

  /** Throws AppError `integrity` unless the frame is whole and has at most `maxLength` bytes of content. */
  async content(maxLength: number): Promise<Buffer> {
    const kept = this.#memory.subarray(0, this.#length)
    if (!this.#isStored)
      return decompress(this.#headerRead < STORED_HEADER ? this.#header.subarray(0, this.#headerRead) : kept, maxLength)
    const isWhole = this.#isLast && this.#blockLeft === 0 && this.#header.readBigUInt64LE(5) === BigInt(this.#length)
    if (this.#isWrong || !isWhole || this.#length > maxLength) throw noFrame(maxLength)
    return kept
  }

  #writeBlocks(piece: Buffer, from: number): void {
    for (let at = from; at < piece.length && !this.#isWrong; ) {
      if (this.#blockLeft > 0) {
        const content = piece.subarray(at, at + this.#blockLeft)
        this.#keep(content)
        this.#blockLeft -= content.length
        at += content.length
        continue
      }
      const copied = piece.copy(this.#blockHeader, this.#blockHeaderRead, at)
      this.#blockHeaderRead = (this.#blockHeaderRead + copied) % BLOCK_HEADER
      at += copied
      if (this.#isLast) this.#isWrong = true
      else if (this.#blockHeaderRead === 0) this.#beginBlock(this.#blockHeader.readUIntLE(0, BLOCK_HEADER))
    }
  }

  /** Raw blocks alone: the frames that zstd itself makes never have a size of 8 bytes here, being too small for it. */
  #beginBlock(header: number): void {
    this.#isLast = (header & 1) === 1
    this.#blockLeft = header >>> 3
    this.#isWrong = (header & 0b110) !== 0 || this.#blockLeft > RAW_BLOCK
  }

  #keep(bytes: Buffer): void {
    if (this.#length + bytes.length > this.#memory.length) throw new RangeError('a frame larger than its memory')
    if (bytes.buffer === this.#memory.buffer) {
      const from = bytes.byteOffset - this.#memory.byteOffset
      this.#memory.copyWithin(this.#length, from, from + bytes.length)
    } else copyTo(this.#memory, this.#length, bytes)
    this.#length += bytes.length
  }
}

function decompress(frame: Uint8Array, maxLength: number): Promise<Buffer> {
  // Produced in one step where it fits, with some room: what is filled to its end is followed by another as large.
  const chunkSize = Math.min(maxLength + 1024, MAX_STEP, 64 * 1024 + frame.length * 8)
  const options = { chunkSize, maxOutputLength: Math.max(maxLength, 1) }
  return new Promise((resolve, reject) => {
    zstdDecompress(frame, options, (error, content) => {
      if (error) reject(noFrame(maxLength, error))
      else resolve(content)
    })
  })
}

function noFrame(maxLength: number, cause?: unknown): AppError {
  return new AppError('integrity', `It is no zstd frame of at most ${maxLength} bytes.`, { cause })
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
