/**
 * CRC-64/NVME: reflected polynomial 0x9a6c9329ac4bc9b5, all ones in and out. JavaScript has no fast 64-bit integers,
 * so each number is a high and a low half; eight tables take eight bytes a step.
 */
const polynomialHigh = 0x9a6c9329
const polynomialLow = 0xac4bc9b5
const high = new Uint32Array(8 * 256)
const low = new Uint32Array(8 * 256)

function fillTables(): void {
  for (let byte = 0; byte < 256; byte += 1) {
    let h = 0
    let l = byte
    for (let bit = 0; bit < 8; bit += 1) {
      const carry = l & 1
      l = (l >>> 1) | (h << 31)
      h >>>= 1
      if (carry) {
        h ^= polynomialHigh
        l ^= polynomialLow
      }
    }
    high[byte] = h
    low[byte] = l
  }
  for (let entry = 256; entry < 8 * 256; entry += 1) {
    const h = high[entry - 256] ?? 0
    const l = low[entry - 256] ?? 0
    high[entry] = (high[l & 0xff] ?? 0) ^ (h >>> 8)
    low[entry] = (low[l & 0xff] ?? 0) ^ ((l >>> 8) | (h << 24))
  }
}

export class Crc64Nvme {
  #high = 0xffffffff
  #low = 0xffffffff

  update(bytes: Buffer): void {
    if (high[1] === 0) fillTables()
    let h = this.#high
    let l = this.#low
    let at = 0
    // Indexing is never out of range here: every index is masked to its table.
    const entry = (table: Uint32Array, slice: number, byte: number) => table[slice * 256 + (byte & 0xff)] ?? 0
    for (; at + 8 <= bytes.length; at += 8) {
      const a = l ^ bytes.readInt32LE(at)
      const b = h ^ bytes.readInt32LE(at + 4)
      h =
        entry(high, 7, a) ^
        entry(high, 6, a >>> 8) ^
        entry(high, 5, a >>> 16) ^
        entry(high, 4, a >>> 24) ^
        entry(high, 3, b) ^
        entry(high, 2, b >>> 8) ^
        entry(high, 1, b >>> 16) ^
        entry(high, 0, b >>> 24)
      l =
        entry(low, 7, a) ^
        entry(low, 6, a >>> 8) ^
        entry(low, 5, a >>> 16) ^
        entry(low, 4, a >>> 24) ^
        entry(low, 3, b) ^
        entry(low, 2, b >>> 8) ^
        entry(low, 1, b >>> 16) ^
        entry(low, 0, b >>> 24)
    }
    for (; at < bytes.length; at += 1) {
      const index = (l ^ (bytes[at] ?? 0)) & 0xff
      l = ((l >>> 8) | (h << 24)) ^ (low[index] ?? 0)
      h = (h >>> 8) ^ (high[index] ?? 0)
    }
    this.#high = h
    this.#low = l
  }

  digest(): Buffer {
    const bytes = Buffer.alloc(8)
    bytes.writeInt32BE(~this.#high, 0)
    bytes.writeInt32BE(~this.#low, 4)
    return bytes
  }
}
