/** CRC-32C (Castagnoli): reflected polynomial 0x82f63b78; eight tables take eight bytes a step. */
const table = new Int32Array(8 * 256)

function fillTable(): void {
  for (let byte = 0; byte < 256; byte += 1) {
    let value = byte
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
    table[byte] = value
  }
  for (let entry = 256; entry < 8 * 256; entry += 1) {
    const value = table[entry - 256] ?? 0
    table[entry] = (table[value & 0xff] ?? 0) ^ (value >>> 8)
  }
}

export class Crc32c {
  #value = -1

  update(bytes: Buffer): void {
    if (table[1] === 0) fillTable()
    const entry = (slice: number, byte: number) => table[slice * 256 + (byte & 0xff)] ?? 0
    let value = this.#value
    let at = 0
    for (; at + 8 <= bytes.length; at += 8) {
      const a = value ^ bytes.readInt32LE(at)
      const b = bytes.readInt32LE(at + 4)
      value =
        entry(7, a) ^
        entry(6, a >>> 8) ^
        entry(5, a >>> 16) ^
        entry(4, a >>> 24) ^
        entry(3, b) ^
        entry(2, b >>> 8) ^
        entry(1, b >>> 16) ^
        entry(0, b >>> 24)
    }
    for (; at < bytes.length; at += 1) value = (value >>> 8) ^ entry(0, value ^ (bytes[at] ?? 0))
    this.#value = value
  }

  digest(): Buffer {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(~this.#value)
    return bytes
  }
}
