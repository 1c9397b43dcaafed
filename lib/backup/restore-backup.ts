import { fchmodSync, mkdirSync, readdirSync, statfsSync } from 'node:fs'
import { displayPath, toBytePath, toFsPath } from '#lib/archive/byte-path.ts'
import { type OpenFolder, openFolder } from '#lib/archive/open-folder.ts'
import { TreeWriter } from '#lib/archive/restore-tree.ts'
import { reasonOf, systemCode } from '#lib/archive/system-error.ts'
import { AppError } from '#lib/errors.ts'
import { listEntries } from './list-entries.ts'
import type { OpenedBackup } from './open-backup.ts'
import { type RestoreProgress, throttled } from './progress.ts'
import { TarReader } from './tar-reader.ts'
import type { PathWarning } from './write-entries.ts'

// 1. Make the target, or see that it is empty; close it to everybody else.
// 2. For each listed entry: check it, fetch and authenticate the segments that hold it, write it under a temporary name.
// 3. Compare what was restored with what the manifest announces; only then give the folders their modes and times.

const SEGMENTS_AHEAD = 3
const WARNINGS_KEPT = 1000

export interface RestoreOptions {
  readonly backup: OpenedBackup
  /** An absolute path: of an empty folder, or of one to be made in an existing folder. */
  readonly target: string
  /** Called at most every 100 ms. */
  readonly onProgress?: (progress: RestoreProgress) => void
  readonly signal?: AbortSignal
}

export interface RestoreResult {
  readonly files: number
  readonly folders: number
  readonly links: number
  readonly bytes: number
  readonly warnings: number
  /** The first 1,000. */
  readonly warningList: readonly PathWarning[]
}

/**
 * Restores everything. Throws AppError `conflict` when the target is not empty, `integrity` when anything is not what
 * was written, `denied` or `unavailable` when a file cannot be written, and what the store throws. What was restored
 * before that stays; every file under its own name is whole.
 */
export async function restoreBackup({ backup, target, onProgress, signal }: RestoreOptions): Promise<RestoreResult> {
  const { totals } = backup.manifest
  const done = { files: 0, folders: 0, links: 0, bytes: 0, warnings: 0 }
  const warningList: PathWarning[] = []
  const warn = (path: string, message: string) => {
    done.warnings += 1
    if (warningList.length < WARNINGS_KEPT) warningList.push({ path: displayPath(path), message })
  }
  const report = throttled<RestoreProgress>(onProgress, (currentPath) => ({
    filesDone: done.files,
    bytesWritten: done.bytes,
    currentPath,
  }))
  const differs = () =>
    new AppError(
      'integrity',
      `The entry lists of backup ${backup.identity.backup} hold other than its manifest announces.`,
    )

  const tar = new TarReader(backup, SEGMENTS_AHEAD)
  const tree = new TreeWriter(prepareTarget(target, totals.bytes), warn)
  try {
    for await (const item of listEntries(backup)) {
      signal?.throwIfAborted()
      if (item.warning !== undefined) warn(item.path, item.warning)
      if (item.type === 'skipped') continue
      const before = done.bytes
      if (before + item.size > totals.bytes) throw differs()
      await tree.add(item, counted(tar.read(item.data, item.size), item.path))
      done.bytes = before + item.size
      if (item.type === 'file') done.files += 1
      else if (item.type === 'folder') done.folders += 1
      else done.links += 1
      if (done.files > totals.files || done.folders > totals.folders || done.links > totals.links) throw differs()
      report(item.path)
    }
    if (done.files !== totals.files || done.folders !== totals.folders || done.links !== totals.links) throw differs()
    tree.finish()
  } finally {
    tree.close()
  }
  return { ...done, warningList }

  async function* counted(content: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
    for await (const piece of content) {
      signal?.throwIfAborted()
      yield piece
      done.bytes += piece.length
      report(path)
    }
  }
}

function prepareTarget(target: string, bytes: number): OpenFolder {
  try {
    mkdirSync(target, { mode: 0o700 })
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT')
      throw new AppError('not-found', `The folder that is to hold ${target} does not exist.`, { cause })
    if (systemCode(cause) !== 'EEXIST') throw cannotUse(target, cause)
  }
  let folder: OpenFolder | undefined
  try {
    folder = openFolder(toBytePath(target))
    const inside = toFsPath(folder.inside('.'))
    if (readdirSync(inside).length > 0)
      throw new AppError('conflict', `${target} is not empty.`, { fix: 'Restore into a new or an empty folder.' })
    const { bavail, bsize } = statfsSync(inside)
    if (bavail * bsize < bytes)
      throw new AppError('unavailable', `${target} has ${bavail * bsize} bytes free; this backup needs ${bytes}.`)
    fchmodSync(folder.fd, 0o700)
    return folder
  } catch (cause) {
    folder?.close()
    if (cause instanceof AppError) throw cause
    throw cannotUse(target, cause)
  }
}

function cannotUse(target: string, cause: unknown): AppError {
  const code = systemCode(cause)
  const kind = code === 'EACCES' || code === 'EPERM' ? 'denied' : code === 'ENOTDIR' ? 'invalid' : 'unavailable'
  return new AppError(kind, `${target} cannot be restored into: ${reasonOf(cause)}.`, { cause })
}
