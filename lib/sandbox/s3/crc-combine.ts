/**
 * The CRC of two pieces put together, from the CRC of each and the length of the second, as zlib's crc32_combine does:
 * appending a zero bit to a message is a linear map over GF(2), and a power of it appends a whole piece of zeros.
 */
type Matrix = bigint[]

function times(matrix: Matrix, vector: bigint): bigint {
  let sum = 0n
  for (let row = 0, rest = vector; rest > 0n; row += 1, rest >>= 1n) {
    if (rest & 1n) sum ^= matrix[row] ?? 0n
  }
  return sum
}

const squared = (matrix: Matrix): Matrix => matrix.map((row) => times(matrix, row))

/** @param polynomial reflected */
function combine(first: bigint, second: bigint, secondLength: number, polynomial: bigint, bits: number): bigint {
  const oneBit: Matrix = [polynomial, ...Array.from({ length: bits - 1 }, (_, row) => 1n << BigInt(row))]
  let power = squared(squared(squared(oneBit))) // eight zero bits
  let shifted = first
  for (let rest = secondLength; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) shifted = times(power, shifted)
    power = squared(power)
  }
  return shifted ^ second
}

const shapes = {
  CRC32: { polynomial: 0xedb88320n, bits: 32 },
  CRC32C: { polynomial: 0x82f63b78n, bits: 32 },
  CRC64NVME: { polynomial: 0x9a6c9329ac4bc9b5n, bits: 64 },
} as const

type Crc = keyof typeof shapes

/** @param pieces base64 checksums with the length of what each covers */
export function combineCrcs(algorithm: Crc, pieces: { value: string; size: number }[]): string {
  const { polynomial, bits } = shapes[algorithm]
  let sum = 0n
  for (const { value, size } of pieces) {
    const own = BigInt(`0x${Buffer.from(value, 'base64').toString('hex')}`)
    sum = combine(sum, own, size, polynomial, bits)
  }
  return Buffer.from(sum.toString(16).padStart(bits / 4, '0'), 'hex').toString('base64')
}
