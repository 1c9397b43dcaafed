import { displayPath, toBytePath } from '#lib/archive/byte-path.ts'
import type { Entry } from '#lib/archive/entry.ts'
import type { FinishedFiles } from '#lib/archive/finished-files.ts'
import type { Overwrite } from '#lib/archive/overwrite.ts'
import { type Content, TreeWriter } from '#lib/archive/restore-tree.ts'
import type { RestoreAttempt } from '#lib/archive/unfinished.ts'
import { AppError } from '#lib/errors.ts'
import type { ObjectStore } from '#lib/storage/object-store.ts'
import { EntryIndex } from './entry-index.ts'
import { linkedFiles } from './linked-files.ts'
import type { OpenedBackup } from './open-backup.ts'
import { type RestoreProgress, throttled } from './progress.ts'
import { prepareTarget } from './restore-target.ts'
import { Selection, selectEntries } from './select-entries.ts'
import { TarReader } from './tar-reader.ts'
import { toldAhead } from './told-ahead.ts'
import type { PathWarning } from './write-entries.ts'

// 1. Make the target, or see that it is empty, or, where it may be overwritten, open it.
// 2. For each listed entry that is wanted: check it, fetch and authenticate the segments that hold it, write it under a
//    temporary name.
// 3. Compare what was restored with what the manifest announces; only then give the folders their modes and times.

const SEGMENTS_AHEAD = 4
/** Written at once where it is there, without a generator for each file. */
const SMALL = 64 * 1024
const WARNINGS_KEPT = 1000

export interface RestoreOptions {
  readonly backup: OpenedBackup
  /** An absolute path: of a folder to be made in an existing one, or of an empty one; with `overwrite` of any folder. */
  readonly target: string
  /** Paths and patterns, as `Selection` takes them. Empty or undefined: everything. */
  readonly paths?: readonly string[]
  /** What becomes of files that are there. Undefined: the target must be new or empty. */
  readonly overwrite?: Overwrite | undefined
  /** Where it is written: the caller gives it the target's name when all is restored. Undefined: into the target. */
  readonly draft?: string | undefined
  /** What earlier attempts finished, for a draft: it is taken over, and not fetched again. */
  readonly finished?: FinishedFiles | undefined
  /** Which attempt this is, so that with `overwrite` it removes what killed ones were writing. */
  readonly by?: RestoreAttempt | undefined
  /** Called at most every 100 ms. */
  readonly onProgress?: (progress: RestoreProgress) => void
  readonly signal?: AbortSignal
}

export interface RestoreResult {
  readonly files: number
  readonly folders: number
  readonly links: number
  readonly bytes: number
  /** Files and links that were there and were kept. */
  readonly kept: number
  readonly warnings: number
  /** The first 1,000. */
  readonly warningList: readonly PathWarning[]
}

/**
 * Restores everything, or what `paths` names. Throws AppError `conflict` when the target is not empty, `not-found` when
 * the backup holds nothing of a name, `integrity` when anything is not what was written, `denied` when there is no room or
 * a file cannot be written, and what the store throws. What was restored before that stays; every file under its own
 * name is whole.
 */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreResult> {
  const { target, paths = [], overwrite, draft, finished, by, onProgress, signal } = options
  const { totals } = options.backup.manifest
  const { backup: id } = options.backup.identity
  const selection = paths.length > 0 ? new Selection(paths) : undefined
  const done = { files: 0, folders: 0, links: 0, bytes: 0, kept: 0, warnings: 0 }
  let bytesTaken = 0
  const listed = { files: 0, folders: 0, links: 0, bytes: 0 }
  const warningList: PathWarning[] = []
  const warn = (path: string, message: string) => {
    done.warnings += 1
    if (warningList.length < WARNINGS_KEPT) warningList.push({ path: displayPath(path), message })
  }
  const report = throttled<RestoreProgress>(onProgress, (currentPath) => ({
    filesDone: done.files,
    bytesWritten: done.bytes,
    bytesTaken,
    currentPath,
  }))
  const differs = () =>
    new AppError('integrity', `The entry lists of backup ${id} hold other than its manifest announces.`)

  const ended = new AbortController()
  const backup = readUntil(signal ? AbortSignal.any([signal, ended.signal]) : ended.signal, options.backup)
  const index = new EntryIndex(backup)
  const tar = new TarReader(backup, SEGMENTS_AHEAD, { reuse: true })
  const wanted = selection ? selectEntries(index, selection, id) : everything(index)
  const isWhole = !selection && !finished
  if (isWhole) tar.want(0, Number.POSITIVE_INFINITY)
  const items = isWhole ? wanted : toldAhead(wanted, tar, finished)
  let tree: TreeWriter | undefined
  let takeBack: (() => void) | undefined
  try {
    const first = items.next()
    first.catch(() => {}) // should what comes before it is waited for fail
    // Whatever the list of entries says, all will be read, unless what is there is kept.
    if (isWhole && overwrite === undefined) tar.begin()
    // Before anything is made: what was asked for may not be there.
    let next = await first
    // What was finished already takes no more room.
    const bytes = selection || finished ? 0 : totals.bytes
    const prepared = prepareTarget(draft ?? target, target, bytes, overwrite)
    const { folder, isNew } = prepared
    takeBack = prepared.takeBack
    tree = new TreeWriter(folder, warn, { overwrite, isNew, draft: draft !== undefined, finished, by })
    const links = linkedFiles(backup, index, tree, selection, finished)
    for (; !next.done; next = await items.next()) {
      const { item, onTheWay } = next.value
      signal?.throwIfAborted()
      if (item.warning !== undefined && !onTheWay) warn(item.path, item.warning)
      if (item.type === 'skipped') continue
      count(listed, item)
      if (listed.bytes > totals.bytes || listed.files > totals.files) throw differs()
      if (listed.folders > totals.folders || listed.links > totals.links) throw differs()
      const before = done.bytes
      const isSmall = item.type === 'file' && item.size <= SMALL && !finished?.has(item)
      const small = isSmall ? tar.here(item.data, item.size) : undefined
      let { entry, content } = small ? { entry: item, content: [small] } : await links.resolve(item, tar)
      let outcome = await tree.add(entry, small ? content : counted(content, item.path), onTheWay)
      if (outcome === 'unlinked') {
        warn(item.path, 'this disk takes no further hard link to its file: it was restored as a file of its own')
        ;({ entry, content } = await links.unlinked(item))
        outcome = await tree.add(entry, counted(content, item.path), onTheWay)
      }
      if (outcome === 'written') {
        // What was not read, but was there.
        if (finished && !small) bytesTaken += entry.size - (done.bytes - before)
        done.bytes = before
        count(done, entry)
      } else if (outcome === 'kept' && item.type !== 'folder') done.kept += 1
      report(item.path)
    }
    if (!selection && (['files', 'folders', 'links', 'bytes'] as const).some((name) => listed[name] !== totals[name]))
      throw differs()
    tree.finish()
  } catch (error) {
    takeBack?.()
    signal?.throwIfAborted()
    throw error
  } finally {
    // What is still on its way is wanted no more, and would keep the process busy.
    ended.abort()
    tar.close()
    tree?.close()
  }
  for (const text of selection?.unmatched() ?? []) warn(toBytePath(text), 'nothing in this backup matches it')
  return { ...done, warningList }

  async function* counted(content: Content, path: string): AsyncGenerator<Buffer> {
    for await (const piece of content) {
      signal?.throwIfAborted()
      yield piece
      done.bytes += piece.length
      report(path)
    }
  }
}

/** The same backup, of which nothing more comes once the signal is aborted. */
function readUntil(signal: AbortSignal, backup: OpenedBackup): OpenedBackup {
  const { store } = backup
  const read: ObjectStore['read'] = (key, maxBytes, options) => store.read(key, maxBytes, { ...options, signal })
  return { ...backup, store: Object.assign(Object.create(store), { read }) }
}

export async function* everything(index: EntryIndex) {
  for await (const item of index.from('')) yield { item, onTheWay: false }
}

type Counted = Record<'files' | 'folders' | 'links' | 'bytes', number>

function count(into: Counted, { type, size }: Entry): void {
  into.bytes += size
  into[type === 'file' ? 'files' : type === 'folder' ? 'folders' : 'links'] += 1
}
