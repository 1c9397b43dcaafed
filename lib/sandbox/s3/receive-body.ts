import { createHash, type Hash, randomBytes } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { AwsError } from '../aws-error.ts'
import { AwsChunkedDecoder } from './aws-chunked.ts'
import {
  checksumHeader,
  checkValue,
  claimedChecksum,
  claimedMd5,
  type Hasher,
  makeHasher,
  wrongChecksum,
} from './checksum.ts'
import { incompleteBody } from './errors.ts'
import type { ChecksumAlgorithm } from './object-version.ts'
import { type BucketCall, headerOf } from './s3-call.ts'

/** A body that has arrived whole, is what its sender says, and is on disk. */
export interface Received {
  path: string
  size: number
  /** 16 bytes: the MD5, or opaque ones when the client proved its bytes with a checksum. */
  etag: Buffer
  /** The one that the client sent, otherwise CRC64NVME, as S3 does. */
  checksum: { algorithm: ChecksumAlgorithm; value: string }
}

const batchBytes = 1 << 20
const largestBody = 5 * 2 ** 30

/** Writes what it is given in batches, one of them under way while the next fills. */
class BatchWriter {
  readonly #file: FileHandle
  #batch: Buffer[] = []
  #size = 0
  #writing: Promise<void> = Promise.resolve()

  constructor(file: FileHandle) {
    this.#file = file
  }

  /** Undefined when there is nothing to wait for. */
  add(bytes: Buffer): Promise<void> | undefined {
    this.#batch.push(bytes)
    this.#size += bytes.length
    return this.#size < batchBytes ? undefined : this.flush()
  }

  async flush(): Promise<void> {
    const batch = this.#batch
    this.#batch = []
    this.#size = 0
    await this.#writing
    this.#writing = batch.length > 0 ? writeAll(this.#file, batch) : Promise.resolve()
    this.#writing.catch(() => {}) // awaited by the next flush
  }

  async end(): Promise<void> {
    await this.flush()
    await this.#writing
  }
}

async function writeAll(file: FileHandle, batch: Buffer[]): Promise<void> {
  const size = batch.reduce((sum, bytes) => sum + bytes.length, 0)
  const { bytesWritten } = await file.writev(batch)
  // A short write means a full disk; the next one says so.
  if (bytesWritten < size) await file.writeFile(Buffer.concat(batch).subarray(bytesWritten))
}

function declaredSize(call: BucketCall, chunked: boolean): number {
  const text = headerOf(call, chunked ? 'x-amz-decoded-content-length' : 'content-length')
  if (text === undefined || !/^\d+$/.test(text)) {
    throw new AwsError('MissingContentLength', 'You must provide the Content-Length HTTP header.', 411)
  }
  const size = Number(text)
  if (size <= largestBody) return size
  throw new AwsError('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', 400, {
    details: { ProposedSize: text, MaxSizeAllowed: String(largestBody) },
  })
}

/**
 * 1. takes the aws-chunked framing off, if there is any;
 * 2. hashes and writes to `incoming/` as the bytes come;
 * 3. compares size, payload hash, Content-MD5 and checksum;
 * 4. flushes to disk.
 * Throws AwsError and leaves nothing behind when anything differs. Memory does not depend on the size.
 * @param usual what to compute when the client sends no checksum
 */
export async function receiveBody(call: BucketCall, usual: ChecksumAlgorithm = 'CRC64NVME'): Promise<Received> {
  const { request, world } = call
  const mode = headerOf(call, 'x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD'
  const chunked = mode.startsWith('STREAMING-')
  const size = declaredSize(call, chunked)
  const claim = claimedChecksum(call)
  const md5 = claimedMd5(call)
  const { buckets } = world
  buckets.mustHaveRoom(size)
  const path = join(call.bucket.incomingFolder, randomBytes(12).toString('hex'))
  const decoder = chunked ? new AwsChunkedDecoder(mode.includes('HMAC'), call.signature) : undefined
  const algorithm = claim?.algorithm ?? usual
  const sum: Hasher = makeHasher(algorithm)
  // MD5 would be most of the work of a PUT, and S3 itself promises one only for some ways to encrypt.
  const md5Hash = claim && !md5 ? undefined : createHash('md5')
  // The payload hash is the SHA-256 checksum already, when that is the one sent.
  const signedHash = /^[0-9a-f]{64}$/i.test(mode) ? mode.toLowerCase() : undefined
  const payload: Hash | undefined = signedHash && algorithm !== 'SHA256' ? createHash('sha256') : undefined
  buckets.reserved += size
  const file = await open(path, 'wx', 0o600)
  try {
    const writer = new BatchWriter(file)
    let received = 0
    request.welcomeBody()
    for await (const bytes of request.message) {
      for (const data of decoder ? decoder.push(bytes) : [bytes]) {
        received += data.length
        if (received > size) throw incompleteBody()
        md5Hash?.update(data)
        payload?.update(data)
        sum.update(data)
        const full = writer.add(data)
        if (full) await full
      }
    }
    decoder?.finish()
    if (received !== size) throw incompleteBody()
    await writer.end()
    const digest = md5Hash?.digest()
    const given = claim && (claim.value ?? decoder?.trailers.get(checksumHeader(claim.algorithm)))
    if (claim && given === undefined) throw incompleteTrailer()
    const computed = sum.digest()
    const value = computed.toString('base64')
    if (signedHash) checkPayloadHash(signedHash, (payload?.digest() ?? computed).toString('hex'))
    if (md5 && digest && !md5.equals(digest)) throw wrongMd5(md5, digest)
    if (given !== undefined && checkValue(algorithm, given) !== value) throw wrongChecksum(algorithm)
    await file.datasync()
    await file.close()
    return { path, size, etag: digest ?? randomBytes(16), checksum: { algorithm, value } }
  } catch (error) {
    await file.close()
    await unlink(path)
    throw error
  } finally {
    buckets.reserved -= size
  }
}

function checkPayloadHash(signed: string, computed: string): void {
  if (computed === signed) return
  throw new AwsError(
    'XAmzContentSHA256Mismatch',
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
    400,
    { details: { ClientComputedContentSHA256: signed, S3ComputedContentSHA256: computed } },
  )
}

function wrongMd5(given: Buffer, computed: Buffer): AwsError {
  return new AwsError('BadDigest', 'The Content-MD5 you specified did not match what we received.', 400, {
    details: { ExpectedDigest: given.toString('base64'), CalculatedDigest: computed.toString('base64') },
  })
}

function incompleteTrailer(): AwsError {
  return new AwsError(
    'MalformedTrailerError',
    'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  )
}
