import { fstatSync } from 'node:fs'
import type { BytePath } from './byte-path.ts'
import type { Entry } from './entry.ts'
import { changeBetween, type FileIdentity } from './pack-state.ts'
import { reasonToLeaveOut } from './system-error.ts'

// What is said of a file that was not read as it was found. Sizes in bytes.

export function shrank(size: number, done: number): string {
  return `it shrank from ${size} to ${done} bytes while it was read, the rest is zeros`
}

export function unreadable({ path, size }: Entry, done: number, error: unknown): string {
  return `it could be read only to byte ${done} of ${size}, the rest is zeros: ${reasonToLeaveOut(error, path)}`
}

/** Whether it is still what it was; undefined: nothing changed. */
export function changeSince(before: FileIdentity, fd: number, path: BytePath): string | undefined {
  try {
    return changeBetween(before, fstatSync(fd, { bigint: true }))
  } catch (error) {
    return `it may have changed while it was read: ${reasonToLeaveOut(error, path)}`
  }
}
