import { AppError } from '#lib/errors.ts'
import { displayPath } from './byte-path.ts'
import type { Entry } from './entry.ts'
import { reasonOf, systemCode } from './system-error.ts'

/** For what no honest backup holds. */
export function hostileEntry(entry: Entry, what: string): AppError {
  return new AppError('integrity', `The backup holds "${displayPath(entry.path)}", which ${what}.`, {
    fix: 'No backup made by this console does. Nothing was written for it; treat this backup as forged.',
  })
}

/** What the operating system refused, in a sentence that names the entry; anything else as it is. */
export function cannotWrite(entry: Entry, error: unknown): unknown {
  const code = systemCode(error)
  if (error instanceof AppError || code === undefined) return error
  const message = `"${displayPath(entry.path)}" cannot be written: ${reasonOf(error)}.`
  return new AppError('denied', message, { cause: error, fix: fixOf(error) })
}

/** What to do when the operating system refuses to write. */
export function fixOf(error: unknown): string {
  const code = systemCode(error)
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return 'Make room there, restore to another disk, or restore only some paths; then start it again.'
  if (code === 'ENAMETOOLONG') return 'Restore into a folder with a shorter path.'
  return 'Restore into another folder, which this user may write to.'
}
