import { write, writeSync } from 'node:fs'
import { promisify } from 'node:util'

const WRITE_HERE = 256 * 1024

const writeInPool = promisify(write)

/** Writes a whole piece; a small one at once, because handing it over would take longer. */
export async function writeAll(fd: number, piece: Buffer): Promise<void> {
  for (let at = 0; at < piece.length; ) {
    const left = piece.length - at
    at += left <= WRITE_HERE ? writeSync(fd, piece, at, left) : (await writeInPool(fd, piece, at, left)).bytesWritten
  }
}
