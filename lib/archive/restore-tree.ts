import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { AppError } from '#lib/errors.ts'
import { isSameFile } from './as-restored.ts'
import { type BytePath, displayPath, toFsPath } from './byte-path.ts'
import type { Entry } from './entry.ts'
import { EntryAttributes } from './entry-attributes.ts'
import type { FinishedFiles } from './finished-files.ts'
import { FoldersBelow } from './folders-below.ts'
import { inTheWay, mayReplace } from './in-the-way.ts'
import { MadeHere } from './made-here.ts'
import type { OpenFolder } from './open-folder.ts'
import type { Outcome, Overwrite } from './overwrite.ts'
import { cannotWrite, comesTwice, hostileEntry } from './restore-errors.ts'
import { checkedParts } from './restore-path.ts'
import { RestoredFolders } from './restored-folders.ts'
import { systemCode } from './system-error.ts'
import { type RestoreAttempt, unfinishedName } from './unfinished.ts'
import { writeAll } from './write-all.ts'

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

/** Of a file, in order. */
export type Content = AsyncIterable<Buffer> | Iterable<Buffer>

/** Too many links to one file (ext4: 65,000), another disk mounted in between, or a disk or system that knows none. */
const NO_LINK: readonly (string | undefined)[] = ['EMLINK', 'EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']

interface TreeWriterOptions {
  readonly overwrite?: Overwrite | undefined
  readonly isNew?: boolean
  readonly draft?: boolean
  readonly finished?: FinishedFiles | undefined
  readonly by?: RestoreAttempt | undefined
}

/** Writes entries into a folder. `close` must be called, after success and after failure. */
export class TreeWriter {
  readonly #root: OpenFolder
  readonly #folders: RestoredFolders
  /** For looking up what was restored before. */
  readonly #below: FoldersBelow
  readonly #attributes: EntryAttributes
  readonly #temporary: string
  readonly #warn: (path: BytePath, message: string) => void
  readonly #overwrite: Overwrite | undefined
  readonly #draft: boolean
  readonly #finished: FinishedFiles | undefined
  /** Where something may have been there. */
  readonly #madeHere: MadeHere | undefined

  /**
   * @param target without `overwrite` an empty folder that nobody else can write to
   * @param options.overwrite undefined: nothing can be there, and what is came from this backup
   * @param options.isNew the target was made for this restore
   * @param options.draft the target gets its own name only when all is restored: what is whole in memory needs no
   * temporary name in it
   * @param options.finished files that are moved into a draft instead of written anew
   * @param options.by which attempt this is, where files are replaced: what earlier ones left unfinished is removed
   */
  constructor(
    target: OpenFolder,
    warn: (path: BytePath, message: string) => void,
    { overwrite, isNew = overwrite === undefined, draft = false, finished, by }: TreeWriterOptions = {},
  ) {
    this.#root = target
    this.#below = new FoldersBelow(target)
    this.#warn = warn
    this.#attributes = new EntryAttributes(warn)
    this.#overwrite = overwrite
    this.#draft = draft && overwrite === undefined
    this.#finished = finished
    const replacing = overwrite === undefined ? undefined : { overwrite, by, madeHere: new MadeHere() }
    this.#madeHere = replacing?.madeHere
    this.#temporary = unfinishedName(replacing?.by)
    this.#folders = new RestoredFolders(target, isNew, { attributes: this.#attributes, warn, replacing })
  }

  /**
   * Says what became of it.
   * @param content the file's content in order, already authenticated
   * @param onTheWay a folder that was not asked for itself: one that is there stays as it is
   */
  async add(entry: Entry, content: Content, onTheWay = false): Promise<Outcome> {
    const parts = checkedParts(entry.path)
    const name = parts.at(-1)
    if (name === undefined) {
      if (entry.type !== 'folder') throw hostileEntry(entry, 'is the root and no folder')
      this.#folders.describeRoot(entry, onTheWay)
      return 'written'
    }
    try {
      if (this.#folders.isBlocked(entry.path)) return 'blocked'
      const parent = this.#folders.enter(parts.slice(0, -1), entry)
      const at = parent.inside(name)
      // Making a file anew finds out by itself.
      if (this.#draft && entry.type === 'file') {
        if (!this.#takeOver(entry, at)) await this.#addFile(entry, parent, at, content)
        return 'written'
      }
      const there = lstatSync(toFsPath(at), { throwIfNoEntry: false, bigint: true })
      if (there && this.#overwrite === undefined) throw comesTwice(entry)
      if (entry.type === 'folder') return this.#folders.add(entry, name, there, onTheWay)
      const obstacle = there && inTheWay(entry, there)
      if (obstacle !== undefined) {
        this.#warn(entry.path, obstacle)
        return 'blocked'
      }
      if (there && this.#madeHere?.has(there)) {
        this.#warn(entry.path, 'on this disk it has the name of another one of this backup: only that was restored')
        return 'blocked'
      }
      if (there && !mayReplace(entry, there, this.#overwrite)) return 'kept'
      if (entry.type === 'symlink') return this.#addSymlink(entry, parent, at)
      if (entry.type === 'hardlink') return this.#addHardLink(entry, parent, at)
      else await this.#addFile(entry, parent, at, content)
      return 'written'
    } catch (error) {
      throw cannotWrite(entry, error)
    }
  }

  get overwrites(): boolean {
    return this.#overwrite !== undefined
  }

  /** Whether a path is a file whose size and time are those of an entry. Never looks through a link. */
  holds(entry: Entry): boolean {
    const parts = checkedParts(entry.path)
    const name = parts.pop()
    if (name === undefined) return false
    try {
      const at = this.#below.open(parts).inside(name)
      return isSameFile(entry, lstatSync(toFsPath(at), { throwIfNoEntry: false, bigint: true }))
    } catch {
      return false // no such folder, or a link in its place
    }
  }

  /** Gives every folder its mode, owner and times: only now, because writing into it would change them. */
  finish(): void {
    this.#folders.finish()
  }

  close(): void {
    this.#below.close()
    this.#folders.close()
  }

  #addSymlink(entry: Entry, parent: OpenFolder, at: BytePath): Outcome {
    const target = entry.target ?? ''
    try {
      this.#put(parent, at, (path) => {
        symlinkSync(toFsPath(target), toFsPath(path))
        this.#attributes.describeSymlink(entry, path)
        this.#madeHere?.note(lstatSync(toFsPath(path), { bigint: true }))
      })
      return 'written'
    } catch (error) {
      const refused = error instanceof Error && 'syscall' in error && error.syscall === 'symlink'
      if (!refused || !NO_LINK.includes(systemCode(error))) throw error
      this.#warn(entry.path, `this disk takes no symbolic links: it was left out; it leads to ${displayPath(target)}`)
      return 'blocked'
    }
  }

  /** Makes something at its place, or, where something may be there, beside it and then in its place. */
  #put(parent: OpenFolder, at: BytePath, make: (path: BytePath) => void): void {
    if (this.#overwrite === undefined) {
      make(at)
      return
    }
    const temporary = parent.inside(this.#temporary)
    try {
      make(temporary)
      renameSync(toFsPath(temporary), toFsPath(at))
    } finally {
      // Also after success: of two names of one file, rename(2) leaves both.
      rmSync(toFsPath(temporary), { force: true })
    }
  }

  #addHardLink(entry: Entry, parent: OpenFolder, at: BytePath): Outcome {
    const parts = checkedParts(entry.target ?? '')
    const name = parts.pop()
    if (name === undefined) throw hostileEntry(entry, 'is a link to a folder')
    try {
      const existing = toFsPath(this.#below.open(parts).inside(name))
      if (!lstatSync(existing).isFile()) throw hostileEntry(entry, 'is a hard link to what is no file of this backup')
      this.#put(parent, at, (path) => linkSync(existing, toFsPath(path)))
      return 'written'
    } catch (error) {
      if (NO_LINK.includes(systemCode(error))) return 'unlinked'
      if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(systemCode(error) ?? ''))
        throw hostileEntry(entry, 'is a hard link to what is no file of this backup')
      throw error
    }
  }

  /** Says whether the file is there now. Where it could not be moved it is written anew. */
  #takeOver(entry: Entry, at: BytePath): boolean {
    try {
      const from = this.#finished?.take(entry)
      if (from === undefined) return false
      this.#rename(entry, from, at)
    } catch (error) {
      if (error instanceof AppError) throw error
      return false
    }
    this.#attributes.modeOf(entry)
    return true
  }

  async #addFile(entry: Entry, parent: OpenFolder, at: BytePath, content: Content): Promise<void> {
    const pieces = Symbol.asyncIterator in content ? content[Symbol.asyncIterator]() : content[Symbol.iterator]()
    const first = await pieces.next()
    const whole = this.#draft && (first.value?.length ?? 0) === entry.size
    // In a draft at its top, where the next attempt finds and removes what a killed one was writing.
    const temporary = whole ? at : (this.#draft ? this.#root : parent).inside(this.#temporary)
    const fd = this.#create(entry, temporary)
    try {
      try {
        for (let next = first; !next.done; next = await pieces.next()) await writeAll(fd, next.value)
        this.#attributes.describe(entry, fd)
      } finally {
        closeSync(fd)
      }
      if (!whole) this.#rename(entry, temporary, at)
    } catch (error) {
      unlinkSync(toFsPath(temporary))
      throw error
    }
  }

  #create(entry: Entry, path: BytePath): number {
    try {
      const fd = openSync(toFsPath(path), CREATE, 0o600)
      this.#madeHere?.note(fstatSync(fd, { bigint: true }))
      return fd
    } catch (error) {
      if (systemCode(error) === 'EEXIST') throw comesTwice(entry)
      throw error
    }
  }

  #rename(entry: Entry, temporary: BytePath, at: BytePath): void {
    if (this.#draft && lstatSync(toFsPath(at), { throwIfNoEntry: false })) throw comesTwice(entry)
    renameSync(toFsPath(temporary), toFsPath(at))
  }
}
