import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { makeHasher } from './checksum.ts'
import { combineCrcs } from './crc-combine.ts'

/** The check values of the CRC catalogue: the digest of "123456789". */
test.each([
  ['CRC32', 'cbf43926'],
  ['CRC32C', 'e3069283'],
  ['CRC64NVME', 'ae8b14860a799888'],
] as const)('%s', (algorithm, expected) => {
  const hasher = makeHasher(algorithm)
  hasher.update(Buffer.from('12345'))
  hasher.update(Buffer.from('6789'))
  expect(hasher.digest().toString('hex')).toBe(expected)
})

test.each(['CRC32', 'CRC32C', 'CRC64NVME'] as const)('%s of the parts gives that of the whole', (algorithm) => {
  const digest = (bytes: Buffer) => {
    const hasher = makeHasher(algorithm)
    hasher.update(bytes)
    return hasher.digest().toString('base64')
  }
  for (const sizes of [[1], [0, 5], [1000, 1, 77], [8, 8, 8, 8], [70_000, 131_072, 3]]) {
    const parts = sizes.map((size) => randomBytes(size))
    const pieces = parts.map((part) => ({ value: digest(part), size: part.length }))
    expect(combineCrcs(algorithm, pieces)).toBe(digest(Buffer.concat(parts)))
  }
})
