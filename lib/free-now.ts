/** More than node:buffer ever takes from the memory that it shares out. */
const LARGE = 32 * 1024
const COLLECT_AFTER = 2 ** 30
let passed = 0

/**
 * Frees the memory of a large piece that nothing uses any more. Left to the collector of garbage, which learns of memory
 * outside its heap but not that it is idle, such pieces bring about a full collection every few dozen MiB.
 */
export function freeNow(piece: Uint8Array): void {
  if (piece.byteLength === piece.buffer.byteLength) freeWhole(piece)
}

/** Likewise where the piece is only a part of its memory, and the rest of that is of no use. */
export function freeWhole({ buffer, byteLength }: Uint8Array): void {
  if (byteLength >= LARGE && buffer instanceof ArrayBuffer) buffer.transfer(0)
}

/**
 * Collects garbage, where the process was started with `--expose-gc`, once for every GiB. Nearly all that a backup or a
 * restore makes is gone at once; what little of it grows old would pile up, 1 to 4 MiB for each GiB, until the heap has
 * doubled. A full collection takes 25 ms.
 */
export function passedThrough(bytes: number): void {
  passed += bytes
  if (passed < COLLECT_AFTER) return
  passed = 0
  globalThis.gc?.()
}
