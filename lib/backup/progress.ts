import { type BytePath, displayPath } from '#lib/archive/byte-path.ts'

export interface BackupProgress {
  readonly filesDone: number
  readonly bytesRead: number
  readonly bytesStored: number
  /** How often storing a part was tried again. */
  readonly retries: number
  readonly currentPath: string
}

export interface RestoreProgress {
  readonly filesDone: number
  readonly bytesWritten: number
  /** Those of them that were there from an earlier attempt. */
  readonly bytesTaken: number
  readonly currentPath: string
}

const EVERY_MS = 100

/** A function that passes on at most one call in 100 ms; cheap to call for every file. */
export function throttled<P>(
  onProgress: ((progress: P) => void) | undefined,
  snapshot: (currentPath: string) => P,
): (path: BytePath) => void {
  if (!onProgress) return () => {}
  let last = Number.NEGATIVE_INFINITY
  return (path) => {
    const now = performance.now()
    if (now - last < EVERY_MS) return
    last = now
    onProgress(snapshot(displayPath(path)))
  }
}
