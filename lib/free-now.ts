/** More than node:buffer ever takes from the memory that it shares out. */
const LARGE = 32 * 1024

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
