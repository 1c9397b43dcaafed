import { type BigIntStats, closeSync, read, readSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { BytePath } from './byte-path.ts'
import { describeOpened } from './describe-opened.ts'
import { type Described, describe, placed, warned, warnedAlso } from './described-entry.ts'
import type { Entry, SkippedItem } from './entry.ts'
import type { HardLinks } from './hard-links.ts'
import { openAgain, openLent, openNow } from './open-file.ts'
import { atTheBeginning, identityOf, type OpenEntry, type PackState } from './pack-state.ts'
import { changeSince, shrank, unreadable } from './read-warnings.ts'
import type { SegmentCutter } from './segment-cutter.ts'
import { reasonToLeaveOut, systemCode } from './system-error.ts'
import { END_OF_TAR, encodeTarHeader, paddingAfter } from './tar-header.ts'
import type { Arrival, FolderIdentity, Found, WalkStart } from './walk-tree.ts'

// 1. Take what a walk finds; open a file once and believe only what the open file says of itself.
// 2. Write its header, then read its content straight into the segment that is being filled.
// 3. Fill up or cut to the announced size, and look again: whatever changed meanwhile becomes a warning.
// At any byte, `state` says how another run goes on from there.

// Reading in the thread pool pays off only for what takes longer than going there (about 40 µs).
const READ_HERE = 256 * 1024
const READ_STEP = 4 * 1024 * 1024
const LET_OTHERS_WORK_AFTER_MS = 10

const readInPool = promisify(read)

export interface PackOptions {
  readonly cutter: SegmentCutter
  readonly links: HardLinks
  /** Called once for everything found, after its content was read. */
  readonly onItem: (item: Entry | SkippedItem) => void | Promise<void>
  /** Called often; cheap calls only. */
  readonly onRead?: (path: BytePath, bytes: number) => void
  readonly signal?: AbortSignal
  /** Where an earlier run stopped; the cutter begins at the same byte. */
  readonly from?: PackState
}

/** Writes what a walk finds as one tar stream. What cannot be read is reported and left out; the stream stays valid. */
export class TreePacker {
  readonly #options: PackOptions
  readonly #cutter: SegmentCutter
  #done: WalkStart | undefined
  #open: OpenEntry | undefined
  /** The folders that what was found last lies in, or is, from the top. */
  readonly #way: { readonly path: BytePath; readonly identity: FolderIdentity }[] = []
  #endAt: number | undefined

  constructor(options: PackOptions) {
    this.#options = options
    this.#cutter = options.cutter
    const { done, open, endAt } = options.from ?? atTheBeginning
    this.#done = done
    this.#open = open
    this.#endAt = endAt
  }

  /** Whenever a segment is handed out: how to go on after it. */
  get state(): PackState {
    const path = this.#open?.entry.path
    const above = this.#way.filter((folder) => path?.startsWith(`${folder.path}/`))
    return { done: this.#done, open: this.#open, way: above.map(({ identity }) => identity), endAt: this.#endAt }
  }

  /** @param walk what there is from some place on */
  async pack(walk: (start: WalkStart | undefined) => Iterable<Found | Arrival>): Promise<void> {
    if (this.#endAt === undefined) await this.#packAll(walk)
    this.#endAt ??= this.#cutter.position
    await this.#cutter.write(END_OF_TAR.subarray(this.#cutter.position - this.#endAt))
    this.#cutter.finish()
  }

  async #packAll(walk: (start: WalkStart | undefined) => Iterable<Found | Arrival>): Promise<void> {
    const { signal, from: { done, way } = atTheBeginning } = this.#options
    let begun = this.#open
    let gone = 'it vanished while the backup was interrupted'
    let passOver: string | undefined
    let workedSince = performance.now()
    for (const found of walk(begun ? { path: begun.entry.path, step: 'again', way } : done)) {
      if (performance.now() - workedSince > LET_OTHERS_WORK_AFTER_MS) {
        await setImmediate()
        workedSince = performance.now()
      }
      signal?.throwIfAborted()
      if (found.type === 'arrival') {
        for (const folder of found.way) this.#comeTo(folder)
        if (found.warnings.length > 0) gone = 'it could not be found again after an interruption'
        // Kept from now on: the next run knows only the folders that are there now.
        for (const warning of found.warnings)
          if (begun) this.#open = begun = { ...begun, entry: warnedAlso(begun.entry, warning) }
          else if (done) await this.#options.onItem({ type: 'skipped', path: done.path, warning })
        continue
      }
      if (begun) {
        const open = begun
        begun = undefined
        const still = found.path === open.entry.path
        if (still) this.#comeTo(found)
        await this.#finishOpen(open, still ? found : undefined, gone)
        // A folder that took a file's place meanwhile: what it holds would lie below a file.
        if (still && found.type === 'folder' && open.entry.type !== 'folder') passOver = `${found.path}/`
        if (still) continue
      }
      if (passOver !== undefined && found.path.startsWith(passOver)) continue
      this.#comeTo(found)
      const packed = this.#packFound(found)
      const reported = this.#report(packed instanceof Promise ? await packed : packed)
      if (reported) await reported
    }
    if (begun) await this.#finishOpen(begun, undefined, gone)
  }

  #comeTo(found: Found): void {
    while (this.#way.length > 0 && !found.path.startsWith(`${this.#way.at(-1)?.path}/`)) this.#way.pop()
    const { path } = found
    if (found.type === 'folder' && path !== '.') this.#way.push({ path, identity: found.stat })
  }

  #report(item: Entry | SkippedItem): void | Promise<void> {
    this.#open = undefined
    this.#done = { path: item.path, step: item.type === 'folder' ? 'into' : 'past' }
    return this.#options.onItem(item)
  }

  #packFound(found: Found): Entry | SkippedItem | Promise<Entry | SkippedItem> {
    if (found.type === 'skipped') return found
    if (found.type === 'file') return this.#packFile(found.path, found.at)
    const target = found.type === 'symlink' ? { target: found.target } : {}
    return this.#writeHeader(describe({ type: found.type, path: found.path, size: 0, ...target }, found.stat))
  }

  #writeHeader(described: Described): Entry | Promise<Entry> {
    const header = encodeTarHeader(described)
    const entry = placed(described, this.#cutter.position, header.length)
    if (header.length < this.#cutter.left) {
      this.#cutter.writeNow(header)
      return entry
    }
    this.#open = { entry, identity: undefined }
    return this.#cutter.write(Buffer.from(header)).then(() => entry)
  }

  #packFile(path: BytePath, at: BytePath): Entry | SkippedItem | Promise<Entry | SkippedItem> {
    let fd: number
    try {
      fd = openNow(at)
    } catch (error) {
      if (systemCode(error) === 'EAGAIN') return this.#packLent(path, at)
      return { type: 'skipped', path, warning: reasonToLeaveOut(error, path) }
    }
    return this.#packOpened(fd, path)
  }

  async #packLent(path: BytePath, at: BytePath): Promise<Entry | SkippedItem> {
    let fd: number
    try {
      fd = await openLent(at, this.#options.signal)
    } catch (error) {
      this.#options.signal?.throwIfAborted()
      return { type: 'skipped', path, warning: reasonToLeaveOut(error, path) }
    }
    return this.#packOpened(fd, path)
  }

  #packOpened(fd: number, path: BytePath): Entry | SkippedItem | Promise<Entry> {
    let kept = false
    try {
      const opened = describeOpened(fd, path, this.#options.links)
      if (!('described' in opened)) return opened
      const { described, stat } = opened
      if (described.type === 'hardlink') return this.#writeHeader(described)
      const header = encodeTarHeader(described)
      const entry = placed(described, this.#cutter.position, header.length)
      const { size } = entry
      if (size <= READ_HERE && header.length + size + paddingAfter(size) < this.#cutter.left) {
        this.#cutter.writeNow(header)
        return warned(entry, this.#packSmall(fd, entry, stat))
      }
      kept = true
      return this.#packLarge(fd, { entry, identity: identityOf(stat) }, Buffer.from(header))
    } catch (error) {
      // Only fstat comes here: from the header on, every failure to read is a warning on the entry.
      if (error instanceof Error && 'syscall' in error)
        return { type: 'skipped', path, warning: reasonToLeaveOut(error, path) }
      throw error
    } finally {
      if (!kept) closeSync(fd)
    }
  }

  /** Writes exactly `entry.size` bytes and the padding, all of which is known to fit. Returns what went wrong. */
  #packSmall(fd: number, entry: Entry, before: BigIntStats): string | undefined {
    const { path, size } = entry
    const cutter = this.#cutter
    let done = 0
    let warning: string | undefined
    try {
      while (done < size) {
        const got = readSync(fd, cutter.buffer, cutter.used, size - done, done)
        if (got === 0) {
          warning = shrank(size, done)
          break
        }
        cutter.advance(got)
        done += got
        this.#options.onRead?.(path, got)
      }
    } catch (error) {
      warning = unreadable(entry, done, error)
    }
    if (warning !== undefined) this.#options.links.forget(path)
    const rest = size - done + paddingAfter(size)
    cutter.buffer.fill(0, cutter.used, cutter.used + rest)
    cutter.advance(rest)
    return warning ?? changeSince(before, fd, path)
  }

  async #packLarge(fd: number, open: OpenEntry, header: Buffer): Promise<Entry> {
    this.#open = open
    try {
      await this.#cutter.write(header)
      return warned(open.entry, await this.#packContent(fd, open))
    } finally {
      closeSync(fd)
    }
  }

  /** Writes what is missing of the content and the padding. Returns what went wrong, if anything. */
  async #packContent(fd: number | undefined, { entry, identity }: OpenEntry): Promise<string | undefined> {
    const { path, size, data } = entry
    const { onRead, signal } = this.#options
    const cutter = this.#cutter
    let done = cutter.position - data
    let warning: string | undefined
    while (fd !== undefined && done < size) {
      if (cutter.left === 0) await cutter.room()
      const want = Math.min(size - done, cutter.left, READ_STEP)
      let got: number
      try {
        const { buffer, used } = cutter
        got =
          want <= READ_HERE
            ? readSync(fd, buffer, used, want, done)
            : (await readInPool(fd, buffer, used, want, done)).bytesRead
      } catch (error) {
        warning = unreadable(entry, done, error)
        break
      }
      if (got === 0) {
        warning = shrank(size, done)
        break
      }
      cutter.advance(got)
      done += got
      onRead?.(path, got)
      signal?.throwIfAborted()
    }
    if (warning !== undefined) this.#lose(entry, warning)
    await cutter.zeros(data + size + paddingAfter(size) - cutter.position)
    return warning ?? (fd === undefined || !identity ? undefined : changeSince(identity, fd, path))
  }

  /** The rest of a file is zeros. Known before they are written: whoever goes on among them must not read on. */
  #lose(entry: Entry, warning: string): void {
    this.#open = { entry: warnedAlso(entry, warning), identity: undefined }
    this.#options.links.forget(entry.path)
  }

  /** What an earlier run began: its announced bytes follow, whatever has become of it. Without identity they are zeros. */
  async #finishOpen(open: OpenEntry, found: Found | undefined, gone: string): Promise<void> {
    const { entry, identity } = open
    const cutter = this.#cutter
    if (cutter.position < entry.data)
      await cutter.write(Buffer.from(encodeTarHeader(entry)).subarray(cutter.position - entry.offset))
    let warning = found?.type === 'skipped' ? found.warning : undefined
    if (entry.type === 'file') {
      const done = cutter.position - entry.data
      const opened =
        found?.type === 'file' && identity ? await openAgain(found, identity, this.#options.signal) : (warning ?? gone)
      const fd = typeof opened === 'number' ? opened : undefined
      if (typeof opened === 'string' && done < entry.size && identity) {
        warning = `${opened}: from byte ${done} of ${entry.size} on the backup holds zeros`
        this.#lose(entry, warning)
      }
      try {
        warning = (await this.#packContent(fd, open)) ?? warning
      } finally {
        if (fd !== undefined) closeSync(fd)
      }
    } else if (entry.type === 'folder' && found?.type !== 'folder') {
      warning ??= `${found ? 'it was replaced while the backup was interrupted' : gone}, and what it held is not in the backup`
    }
    await this.#report(warnedAlso(entry, warning))
  }
}
