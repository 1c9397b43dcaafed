import { AppError } from '#lib/errors.ts'
import { type BytePath, displayPath } from './byte-path.ts'

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ENOENT: 'it vanished',
  ENOTDIR: 'it was replaced while it was read',
  ELOOP: 'it was replaced by a link while it was read',
  ENXIO: 'it was replaced by a named pipe or a device while it was read',
  EIO: 'the disk reported a read error',
  ENAMETOOLONG: 'its path is too long for this system',
  EAGAIN: 'another program holds it and does not give it up',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open on this machine',
  ENOMEM: 'no memory is left',
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EBUSY: 'it is in use, as where a disk is mounted',
  ESTALE: 'the network file system lost it',
  ENOTCONN: 'its file system is not connected any more',
}

/** The operating system's error code, such as `EACCES`. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** Why the operating system refused, in a few words and with its error code. */
export function reasonOf(error: unknown): string {
  const code = systemCode(error)
  if (code === undefined) return error instanceof Error ? error.message : String(error)
  const reason = REASONS[code]
  return reason ? `${reason} (${code})` : code
}

const LACKING: Readonly<Record<string, string>> = {
  EMFILE: 'Raise the limit of open files (ulimit -n) where the worker is started',
  ENFILE:
    'Close programs on the machine of the worker, or raise the number of files that all of them may open (sysctl fs.file-max)',
  ENOMEM: 'Make memory free on the machine of the worker',
}

/** How to give this process or its machine what it lacks, whatever it is that was to be read or written; no full stop. */
export function remedyOfLack(error: unknown): string | undefined {
  return LACKING[systemCode(error) ?? '']
}

/**
 * Why something of a source is left out of a backup.
 * @throws AppError `unavailable` when it could be read, and this process is what cannot: a folder would be missing with all
 * that it holds, in a backup that is complete
 */
export function reasonToLeaveOut(error: unknown, path: BytePath): string {
  const remedy = remedyOfLack(error)
  if (remedy === undefined) return reasonOf(error)
  const place = path === '.' ? '' : ` at “${displayPath(path)}”`
  throw new AppError('unavailable', `The source could not be read on${place}: ${reasonOf(error)}.`, {
    cause: error,
    fix: `${remedy}, then back up again.`,
  })
}
