import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { AwsError } from '../aws-error.ts'
import { Crc32c } from './crc32c.ts'
import { Crc64Nvme } from './crc64nvme.ts'
import { invalidRequest } from './errors.ts'
import type { ChecksumAlgorithm } from './object-version.ts'
import { headerOf, type S3Call } from './s3-call.ts'

export interface Hasher {
  update(bytes: Buffer): void
  digest(): Buffer
}

/** Digest sizes in bytes. */
const sizes: Record<ChecksumAlgorithm, number> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
  SHA512: 64,
  MD5: 16,
}

const algorithms = new Map<string, ChecksumAlgorithm>(
  (['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256', 'SHA512', 'MD5'] as const).map((name) => [name, name]),
)

export const checksumHeader = (algorithm: ChecksumAlgorithm): string => `x-amz-checksum-${algorithm.toLowerCase()}`

export function checksumAlgorithm(name: string | undefined): ChecksumAlgorithm | undefined {
  if (name === undefined) return undefined
  const algorithm = algorithms.get(name.toUpperCase())
  if (!algorithm)
    throw invalidRequest(
      'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]',
    )
  return algorithm
}

class Crc32 implements Hasher {
  #value = 0

  update(bytes: Buffer): void {
    this.#value = crc32(bytes, this.#value)
  }

  digest(): Buffer {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(this.#value)
    return bytes
  }
}

export function makeHasher(algorithm: ChecksumAlgorithm): Hasher {
  switch (algorithm) {
    case 'CRC32':
      return new Crc32()
    case 'CRC32C':
      return new Crc32c()
    case 'CRC64NVME':
      return new Crc64Nvme()
    default: {
      const hash = createHash(algorithm.toLowerCase())
      return {
        update(bytes) {
          hash.update(bytes)
        },
        digest: () => hash.digest(),
      }
    }
  }
}

/** What a client says about the checksum of the body it sends. */
interface ClaimedChecksum {
  algorithm: ChecksumAlgorithm
  /** base64; undefined when it follows the body in a trailer */
  value: string | undefined
}

export function checkValue(algorithm: ChecksumAlgorithm, value: string): string {
  const bytes = Buffer.from(value, 'base64')
  if (bytes.length === sizes[algorithm] && bytes.toString('base64') === value) return value
  throw invalidRequest(`Value for ${checksumHeader(algorithm)} header is invalid.`)
}

/** At most one, in a header or announced as a trailer. */
export function claimedChecksum(call: S3Call): ClaimedChecksum | undefined {
  const sent = [...algorithms.values()].filter((name) => headerOf(call, checksumHeader(name)) !== undefined)
  const trailer = headerOf(call, 'x-amz-trailer')?.toLowerCase()
  const announced = [...algorithms.values()].filter((name) => trailer === checksumHeader(name))
  if (trailer !== undefined && announced.length === 0) {
    throw invalidRequest('The value specified in the x-amz-trailer header is not supported')
  }
  if (sent.length + announced.length > 1) {
    throw invalidRequest('Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.')
  }
  const [algorithm] = sent
  if (algorithm) return { algorithm, value: checkValue(algorithm, headerOf(call, checksumHeader(algorithm)) ?? '') }
  if (announced[0]) return { algorithm: announced[0], value: undefined }
  if (checksumAlgorithm(headerOf(call, 'x-amz-sdk-checksum-algorithm'))) {
    throw invalidRequest(
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    )
  }
  return undefined
}

export function wrongChecksum(algorithm: ChecksumAlgorithm): AwsError {
  return new AwsError('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`)
}

/** The 16 bytes of Content-MD5, if it was sent. */
export function claimedMd5(call: S3Call): Buffer | undefined {
  const text = headerOf(call, 'content-md5')
  if (text === undefined) return undefined
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length === 16) return bytes
  throw new AwsError('InvalidDigest', 'The Content-MD5 you specified was invalid.', 400, {
    details: { 'Content-MD5': text },
  })
}
