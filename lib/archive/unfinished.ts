import { randomBytes } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { toFsPath } from './byte-path.ts'
import type { OpenFolder } from './open-folder.ts'

/** What a file that is not whole yet is called, in front. */
export const UNFINISHED = '.vault-restore-'

/** One attempt, from 1 on, at a restore that goes on after a worker died. */
export interface RestoreAttempt {
  readonly id: string
  readonly attempt: number
}

export function unfinishedName(by: RestoreAttempt | undefined): string {
  const random = randomBytes(6).toString('hex')
  return UNFINISHED + (by ? `${by.id}-${by.attempt}-${random}` : random)
}

/**
 * Removes from a folder what earlier attempts were writing when they were killed. Not what later ones write: this one
 * may be thought dead. What cannot be removed stays.
 */
export function removeUnfinished(folder: OpenFolder, { id, attempt }: RestoreAttempt): void {
  if (attempt === 1) return
  const prefix = `${UNFINISHED}${id}-`
  try {
    for (const name of readdirSync(toFsPath(folder.inside('.'))))
      if (name.startsWith(prefix) && Number.parseInt(name.slice(prefix.length), 10) < attempt)
        rmSync(toFsPath(folder.inside(name)), { force: true })
  } catch {
    // A folder that may be written into but not read.
  }
}
