import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type BytePath, toFsPath } from './byte-path.ts'
import type { FileIdentity } from './pack-state.ts'
import { reasonToLeaveOut, systemCode } from './system-error.ts'

// NONBLOCK: opening a named pipe that took a file's place must not wait for its writer.
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const LENT_AT_MOST_MS = 60_000
const ASK_AGAIN_MS = 50

/** Opens a file to be read, and follows no link. Throws what open(2) does; EAGAIN: see `openLent`. */
export function openNow(at: BytePath): number {
  return openSync(toFsPath(at), OPEN_FLAGS)
}

/**
 * Opens a file also where a file server has lent it to a client, whom our very try asks to give it back: the system lets
 * that take 45 s. An open(2) that waits for it would wait for a named pipe's writer as well.
 */
export async function openLent(at: BytePath, signal: AbortSignal | undefined): Promise<number> {
  for (const end = performance.now() + LENT_AT_MOST_MS; ; await sleep(ASK_AGAIN_MS, undefined, { signal }))
    try {
      return openNow(at)
    } catch (error) {
      if (systemCode(error) !== 'EAGAIN' || performance.now() > end) throw error
    }
}

/** The file where it is still the same one, or why it is not. */
export async function openAgain(
  { path, at }: { readonly path: BytePath; readonly at: BytePath },
  { ino, birthtimeNs }: FileIdentity,
  signal: AbortSignal | undefined,
): Promise<number | string> {
  const unreadable = (error: unknown) =>
    `it could not be read on after an interruption (${reasonToLeaveOut(error, path)})`
  let fd: number
  try {
    fd = await openLent(at, signal)
  } catch (error) {
    signal?.throwIfAborted()
    return unreadable(error)
  }
  let same = false
  try {
    const stat = fstatSync(fd, { bigint: true })
    same = stat.isFile() && stat.ino === ino && stat.birthtimeNs === birthtimeNs
    if (same) return fd
  } catch (error) {
    return unreadable(error)
  } finally {
    if (!same) closeSync(fd)
  }
  return 'it was replaced while the backup was interrupted'
}
