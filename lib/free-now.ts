const FROM = 16 * 1024

/**
 * Frees the memory of a large piece that nothing uses any more. Left to the collector of garbage, which learns of memory
 * outside its heap but not that it is idle, such pieces bring about a full collection every few dozen MiB.
 */
export function freeNow(piece: Uint8Array): void {
  // Small pieces share their memory with others.
  if (piece.byteLength >= FROM && piece.buffer.byteLength === piece.byteLength) freeAll(piece)
}

/** Likewise, with all that shares the memory. */
export function freeAll({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}
