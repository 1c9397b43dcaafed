import { AppError } from '#lib/errors.ts'
import { type BytePath, displayPath } from './byte-path.ts'

/**
 * The parts of an entry's path; none for the root `.`. Throws AppError `integrity` unless every part is a plain name. However
 * long: disks that count characters (NTFS, exFAT, SMB) have names of up to 765 bytes, and backups of them are no forgeries.
 */
export function checkedParts(path: BytePath): string[] {
  if (path === '.') return []
  const parts = path.split('/')
  for (const part of parts) {
    const reason = whyNotAName(part)
    if (reason)
      throw new AppError('integrity', `The backup holds the path "${displayPath(path)}", which ${reason}.`, {
        fix: 'No backup made by this console holds one. Nothing was written for it; treat this backup as forged.',
      })
  }
  return parts
}

function whyNotAName(part: string): string | undefined {
  if (part === '') return 'is absolute or has an empty part'
  if (part === '..' || part === '.') return `has the part "${part}"`
  if (part.includes('\0')) return 'holds a NUL character'
  return undefined
}
