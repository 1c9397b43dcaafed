import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { AppError } from '#lib/errors.ts'

// Files that somebody names on the command line.

/** @param file `0`: standard input. Throws AppError `not-found` with why it cannot be read. */
export function readNamedFile(file: string | 0): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new AppError('not-found', `${file === 0 ? 'Standard input' : file} cannot be read: ${reasonOf(cause)}.`, {
      cause,
      fix: 'Name a file that is there and that you may read.',
    })
  }
}

/**
 * @param what begins the sentence of the AppError `invalid`, also for a file that is there already
 * @param mode of the file
 */
export function writeNewFile(file: string, content: string, what: string, mode = 0o666): void {
  let made: number | undefined
  try {
    made = openSync(file, 'wx', mode)
    writeFileSync(made, content, { flush: true })
  } catch (cause) {
    // Such as half of it, on a disk that is full.
    if (made !== undefined) rmSync(file, { force: true })
    throw new AppError('invalid', `${what} could not be written to ${file}: ${reasonOf(cause)}.`, {
      cause,
      fix: newName,
    })
  } finally {
    if (made !== undefined) closeSync(made)
  }
}

/** Said before somebody is asked for passwords. Throws as `writeNewFile`. */
export function mustBeNew(file: string, what: string): void {
  if (!existsSync(file)) return
  throw new AppError('invalid', `${what} could not be written to ${file}: it is there already.`, { fix: newName })
}

const newName = 'Name a new file in a folder that you may write to.'

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
