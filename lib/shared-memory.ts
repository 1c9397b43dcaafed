/** As many as a backup or a restore uses at once. */
const KEPT = 4
/** So that the next content, which may be a little longer, fits into the same memory. */
const ROOM = 64 * 1024
const kept: Buffer[] = []

/**
 * At least `length` bytes, of any content, that another thread can be handed without a copy. V8 does not count such
 * memory, and so does not hurry to collect it: give it back.
 */
export function takeShared(length: number): Buffer {
  const at = kept.findIndex((memory) => memory.length >= length)
  return kept.splice(at, at < 0 ? 0 : 1)[0] ?? Buffer.from(new SharedArrayBuffer(length + ROOM))
}

/** @param memory as it was taken, and touched by nothing any more */
export function giveShared(memory: Buffer): void {
  kept.push(memory)
  kept.sort((a, b) => a.length - b.length)
  if (kept.length > KEPT) kept.shift()
}

/** Copies. To shared memory `set` and `copy` are several times slower: V8 lets no other thread see half of a word. */
export function copyTo(memory: Buffer, at: number, bytes: Uint8Array): void {
  if (bytes.length > 0) memory.fill(bytes, at, at + bytes.length)
}
