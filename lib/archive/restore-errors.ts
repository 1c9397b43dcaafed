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
  return new AppError(code === 'EACCES' || code === 'EPERM' ? 'denied' : 'unavailable', message, { cause: error })
}
