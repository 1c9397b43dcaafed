import { type BigIntStats, closeSync, constants, fstatSync, openSync, read, readSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type BytePath, toFsPath } from './byte-path.ts'
import type { Entry, SkippedItem } from './entry.ts'
import type { OpenFolder } from './open-folder.ts'
import type { SegmentCutter } from './segment-cutter.ts'
import { reasonOf } from './system-error.ts'
import { END_OF_TAR, encodeTarHeader, paddingAfter } from './tar-header.ts'
import { type Exclude, kindOf, walkTree } from './walk-tree.ts'

// 1. Walk the folder; open a file once and believe only what the open file says of itself.
// 2. Write its header, then read its content straight into the segment that is being filled.
// 3. Fill up or cut to the announced size, and look again: whatever changed meanwhile becomes a warning.

// NONBLOCK: opening a named pipe that took a file's place must not wait for its writer.
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
// Reading in the thread pool pays off only for what takes longer than going there (about 40 µs).
const READ_HERE = 256 * 1024
const READ_STEP = 4 * 1024 * 1024
const LET_OTHERS_WORK_AFTER_MS = 10

const readInPool = promisify(read)

export interface PackOptions {
  readonly source: OpenFolder
  readonly exclude?: Exclude
  readonly cutter: SegmentCutter
  /** Called once for everything found, after its content was read. */
  readonly onItem: (item: Entry | SkippedItem) => void | Promise<void>
  /** Called often; cheap calls only. */
  readonly onRead?: (path: BytePath, bytes: number) => void
  readonly signal?: AbortSignal
}

/** Writes a folder as one tar stream. What cannot be read is reported and left out; the stream stays valid. */
export async function packTree(options: PackOptions): Promise<void> {
  const { cutter, onItem, signal } = options
  const pathByInode = new Map<string, BytePath>()
  let workedSince = performance.now()
  for (const found of walkTree(options.source, options.exclude)) {
    if (performance.now() - workedSince > LET_OTHERS_WORK_AFTER_MS) {
      await setImmediate()
      workedSince = performance.now()
    }
    signal?.throwIfAborted()
    let item: Entry | SkippedItem
    if (found.type === 'skipped') item = found
    else if (found.type === 'file') item = await packFile(found.path, found.at, pathByInode, options)
    else {
      const target = found.type === 'symlink' ? { target: found.target } : {}
      item = await writeHeader(cutter, { type: found.type, path: found.path, size: 0, ...target }, found.stat)
    }
    await onItem(item)
  }
  await cutter.write(END_OF_TAR)
  cutter.finish()
}

async function writeHeader(
  cutter: SegmentCutter,
  entry: Pick<Entry, 'type' | 'path' | 'size' | 'target'>,
  stat: BigIntStats,
): Promise<Entry> {
  const described = {
    ...entry,
    mode: Number(stat.mode & 0o7777n),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtimeNs: stat.mtimeNs,
  }
  const offset = cutter.position
  await cutter.write(encodeTarHeader(described))
  return { ...described, offset, data: cutter.position }
}

async function packFile(
  path: BytePath,
  at: BytePath,
  pathByInode: Map<string, BytePath>,
  options: PackOptions,
): Promise<Entry | SkippedItem> {
  let fd: number
  try {
    fd = openSync(toFsPath(at), OPEN_FLAGS)
  } catch (error) {
    return { type: 'skipped', path, warning: reasonOf(error) }
  }
  try {
    const stat = fstatSync(fd, { bigint: true })
    if (!stat.isFile())
      return { type: 'skipped', path, warning: `it was replaced by a ${kindOf(stat)} while it was read` }
    if (stat.nlink > 1n) {
      const inode = `${stat.dev}:${stat.ino}`
      const target = pathByInode.get(inode)
      if (target !== undefined)
        return await writeHeader(options.cutter, { type: 'hardlink', path, size: 0, target }, stat)
      pathByInode.set(inode, path)
    }
    const entry = await writeHeader(options.cutter, { type: 'file', path, size: Number(stat.size) }, stat)
    const warning = await packContent(fd, entry, stat, options)
    return warning === undefined ? entry : { ...entry, warning }
  } catch (error) {
    // Only fstat comes here: from the header on, every failure to read is a warning on the entry.
    if (error instanceof Error && 'syscall' in error) return { type: 'skipped', path, warning: reasonOf(error) }
    throw error
  } finally {
    closeSync(fd)
  }
}

/** Writes exactly `entry.size` bytes and the padding. Returns what went wrong, if anything. */
async function packContent(
  fd: number,
  { path, size }: Entry,
  before: BigIntStats,
  { cutter, onRead, signal }: PackOptions,
): Promise<string | undefined> {
  let done = 0
  let warning: string | undefined
  while (done < size) {
    const room = await cutter.room()
    const want = Math.min(size - done, room.length, READ_STEP)
    let got: number
    try {
      got =
        want <= READ_HERE ? readSync(fd, room, 0, want, done) : (await readInPool(fd, room, 0, want, done)).bytesRead
    } catch (error) {
      warning = `it could be read only to byte ${done} of ${size}, the rest is zeros: ${reasonOf(error)}`
      break
    }
    if (got === 0) {
      warning = `it shrank from ${size} to ${done} bytes while it was read, the rest is zeros`
      break
    }
    cutter.advance(got)
    done += got
    onRead?.(path, got)
    signal?.throwIfAborted()
  }
  await cutter.zeros(size - done + paddingAfter(size))
  return warning ?? changeSince(before, fd)
}

function changeSince(before: BigIntStats, fd: number): string | undefined {
  let after: BigIntStats
  try {
    after = fstatSync(fd, { bigint: true })
  } catch (error) {
    return `it may have changed while it was read: ${reasonOf(error)}`
  }
  if (after.size > before.size) return `it grew while it was read: the backup holds its first ${before.size} bytes`
  if (after.size !== before.size || after.mtimeNs !== before.mtimeNs || after.ctimeNs !== before.ctimeNs)
    return 'it changed while it was read: the backup may hold some of the old and some of the new content'
  return undefined
}
