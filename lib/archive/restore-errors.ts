import { AppError } from '#lib/errors.ts'
import { type BytePath, displayPath } from './byte-path.ts'
import type { Entry } from './entry.ts'
import { reasonOf, remedyOfLack, systemCode } from './system-error.ts'

/** For what no honest backup holds. */
export function hostileEntry(entry: Entry, what: string): AppError {
  return new AppError('integrity', `The backup holds "${displayPath(entry.path)}", which ${what}.`, {
    fix: 'No backup made by this console does. Nothing was written for it; treat this backup as forged.',
  })
}

/** By its very name, or by one that the file system takes for the same. */
export function comesTwice(entry: Entry): AppError {
  return new AppError('integrity', `The backup holds "${displayPath(entry.path)}", which comes twice.`, {
    fix: 'Where the disk restored to takes upper and lower case, or two spellings of a letter, for the same, restore to one that does not, or leave one of the two out (!NAME). On any other disk, treat this backup as forged.',
  })
}

/** Where the words for what cannot be read do not fit. */
const WHILE_WRITING: Readonly<Record<string, string>> = {
  ENOENT: 'the folder it belongs in was removed meanwhile (ENOENT)',
  ENOTDIR: 'a file or a link took the place of its folder meanwhile (ENOTDIR)',
  ELOOP: 'a link took the place of its folder meanwhile (ELOOP)',
  EISDIR: 'a folder took its place meanwhile (EISDIR)',
  EIO: 'the disk reported an error (EIO)',
}

/** What Linux says to a name that FAT, exFAT or NTFS does not take, and FUSE's exFAT, which says only that it is not there. */
function isNameRefused(code: string, path: BytePath): boolean {
  return code === 'EINVAL' || code === 'EILSEQ' || (code === 'ENOENT' && /[<>:"\\|?*][^/]*$|[. ]$/.test(path))
}

/** What the operating system refused, in a sentence that names the entry; anything else as it is. */
export function cannotWrite(entry: Entry, error: unknown): unknown {
  const code = systemCode(error)
  if (error instanceof AppError || code === undefined) return error
  const name = displayPath(entry.path)
  if (isNameRefused(code, entry.path))
    return new AppError('denied', `"${name}" cannot be written: this disk takes no such name (${code}).`, {
      cause: error,
      fix: 'FAT, exFAT and NTFS refuse some characters, such as : and ?. Restore to a disk such as the one that was backed up, or leave it out (!NAME).',
    })
  const message = `"${name}" cannot be written: ${WHILE_WRITING[code] ?? reasonOf(error)}.`
  return new AppError('denied', message, { cause: error, fix: fixOf(error) })
}

/** Root restores owners, which not every system and disk knows. */
export function cannotOwn({ path, uid, gid }: Entry, cause: unknown): AppError {
  const message = `"${displayPath(path)}" cannot be given its owner, ${uid}:${gid}: ${reasonOf(cause)}.`
  return new AppError('denied', message, {
    cause,
    fix: 'A container may have only some user IDs, a network folder or a memory stick none. Restore as a user other than root, to whom all of it belongs then, or where this owner can be.',
  })
}

/** What to do when the operating system refuses to write. */
export function fixOf(error: unknown): string {
  const code = systemCode(error)
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return 'Make room there, restore to another disk, or restore only some paths; then start it again.'
  if (code === 'ENAMETOOLONG')
    return 'Most disks take names of 255 bytes. Restore to one that takes longer ones, as the one did that was backed up, into a folder with a shorter path, or leave it out (!NAME).'
  const remedy = remedyOfLack(error)
  if (remedy !== undefined) return `${remedy}, then start the restore again.`
  // After an error Linux makes a disk read-only by itself.
  if (code === 'EIO' || code === 'EROFS' || code === 'ENOTCONN') return 'Look at that disk, or restore to another one.'
  return 'Restore into another folder, which this user may write to.'
}
