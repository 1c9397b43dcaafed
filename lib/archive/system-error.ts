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
