import { type BigIntStats, closeSync, constants, existsSync, fstatSync, lstatSync, openSync } from 'node:fs'
import { AppError } from '#lib/errors.ts'
import { type BytePath, toFsPath } from './byte-path.ts'

/** A folder held open. What lies in it is reached by `inside(name)`. */
export interface OpenFolder {
  readonly stat: BigIntStats
  readonly fd: number
  inside(name: BytePath): BytePath
  close(): void
}

// Linux reaches a name in an open folder by /proc/self/fd/N/name. That is openat(2) for node:fs: nobody who renames
// folders or puts links in their place can lead us astray, and no path is too long.
const viaOpenFolder = existsSync('/proc/self/fd')
/** O_PATH, which node:fs does not name: to pass through a folder takes no permission to read it. */
const PASS = 0o10_000_000 | constants.O_DIRECTORY | constants.O_NOFOLLOW

/** Opens a folder and never follows a link to one. Throws what node:fs throws, ENOTDIR for a link. */
export function openFolder(path: BytePath): OpenFolder {
  const fd = openSync(toFsPath(path), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  const base = viaOpenFolder ? `/proc/self/fd/${fd}/` : `${path}/`
  let stat: BigIntStats
  try {
    stat = fstatSync(fd, { bigint: true })
    if (!viaOpenFolder && lstatSync(toFsPath(path), { bigint: true }).ino !== stat.ino)
      throw new AppError('conflict', 'The folder was replaced while it was opened.')
  } catch (error) {
    closeSync(fd)
    throw error
  }
  return { stat, fd, inside: (name) => base + name, close: () => closeSync(fd) }
}

/** Where something lies, or is to lie, in a folder that is held open. */
export interface Way {
  /** Good until it is closed. Its last part may be a link. */
  readonly at: BytePath
  close(): void
}

/**
 * Goes down to where something lies, or is to lie, and follows no link on the way: whoever may write to a folder above it
 * can put one there after the path was looked at. Throws what node:fs throws, ENOTDIR for a link.
 * @param path absolute
 */
export function wayByNoLink(path: BytePath): Way {
  const parts = path.split('/').filter((part) => part !== '')
  const last = parts.pop()
  if (!viaOpenFolder || last === undefined) return { at: path, close: () => {} }
  let fd = openSync('/', PASS)
  try {
    for (const part of parts) {
      const next = openSync(toFsPath(`/proc/self/fd/${fd}/${part}`), PASS)
      closeSync(fd)
      fd = next
    }
  } catch (error) {
    closeSync(fd)
    throw error
  }
  return { at: `/proc/self/fd/${fd}/${last}`, close: () => closeSync(fd) }
}

/** The same for as long as `use` takes. Throws what it does as well. */
export function reachedByNoLink<T>(path: BytePath, use: (at: BytePath) => T): T {
  const way = wayByNoLink(path)
  try {
    return use(way.at)
  } finally {
    way.close()
  }
}
