import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
} from 'node:fs'
import path from 'node:path'

const maxBytes = 10 * 1024 * 1024

/**
 * A child writes to its log file itself, so that its last words are kept even when the supervisor dies with it.
 * @returns the open file, to be handed to one child as its standard output and error, and closed afterwards
 */
function openLog(file: string): number {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  const descriptor = openSync(file, 'a', 0o600)
  rotateLog(file)
  return descriptor
}

/**
 * Keeps at most two files of about 10 MiB. The child goes on appending to the same, now empty, file. Never throws: a disk
 * that is full, or somebody who tidies up, must not end the console.
 */
export function rotateLog(file: string): void {
  try {
    if (statSync(file).size < maxBytes) return
    try {
      copyFileSync(file, `${file}.1`)
    } catch {
      // No room for two: then for the newest lines alone.
      rmSync(`${file}.1`, { recursive: true, force: true })
    }
    truncateSync(file)
  } catch {
    // Looked at again soon.
  }
}

/** Whether the file's disk has no room for some more lines. */
export function isFull(
  file: string,
  space: (folder: string) => { bavail: number; bsize: number } = statfsSync,
): boolean {
  try {
    const { bavail, bsize } = space(path.dirname(file))
    return bavail * bsize < 64 * 1024
  } catch {
    return false
  }
}

/** The last lines that are not empty. */
export function lastLines(file: string, count: number): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.trim())
      .slice(-count)
  } catch {
    return []
  }
}

/** Runs `use` with the open log, and closes it here: a child has its own copy by then. */
export function withLog<T>(file: string, use: (descriptor: number) => T): T {
  const descriptor = openLog(file)
  try {
    return use(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
