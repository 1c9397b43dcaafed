import { randomBytes } from 'node:crypto'
import {
  type BigIntStats,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  write,
  writeSync,
} from 'node:fs'
import { promisify } from 'node:util'
import { AppError } from '#lib/errors.ts'
import { type BytePath, displayPath, toFsPath } from './byte-path.ts'
import type { Entry } from './entry.ts'
import { type OpenFolder, openFolder } from './open-folder.ts'
import { checkedParts } from './restore-path.ts'
import { timeSetter } from './set-times.ts'
import { reasonOf, systemCode } from './system-error.ts'

// Entries come with each folder before what it holds. The folders down to the current one are held open and everything
// is done relative to them, so that no link, whoever made it, is ever written through.

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
const WRITE_HERE = 256 * 1024
const SET_ID = 0o6000

const writeInPool = promisify(write)

interface Level {
  readonly name: string
  readonly folder: OpenFolder
  /** Undefined for a folder that is only on the way to what was asked for. */
  readonly entry: Entry | undefined
}

/** What becomes of a file that is there already: kept, replaced when the backup's is newer, replaced. */
export const overwrites = ['never', 'older', 'always'] as const
export type Overwrite = (typeof overwrites)[number]

/** Writes entries into a folder. `close` must be called, after success and after failure. */
export class TreeWriter {
  readonly #levels: Level[]
  readonly #asRoot = process.getuid?.() === 0
  readonly #times = timeSetter()
  readonly #temporary = `.vault-restore-${randomBytes(6).toString('hex')}`
  readonly #warn: (path: BytePath, message: string) => void
  readonly #overwrite: Overwrite | undefined
  readonly #draft: boolean
  /** A folder of the backup that cannot be made because something else is there: nothing below it is restored. */
  #blocked: BytePath | undefined

  /**
   * @param target without `overwrite` an empty folder that nobody else can write to
   * @param options.overwrite undefined: nothing can be there, and what is came from this backup
   * @param options.draft the target gets its own name only when all is restored: what is whole in memory needs no
   * temporary name in it
   */
  constructor(
    target: OpenFolder,
    warn: (path: BytePath, message: string) => void,
    { overwrite, draft = false }: { overwrite?: Overwrite | undefined; draft?: boolean } = {},
  ) {
    this.#levels = [{ name: '', folder: target, entry: undefined }]
    this.#warn = warn
    this.#overwrite = overwrite
    this.#draft = draft && overwrite === undefined
  }

  /**
   * Says whether anything was written: not for what an overwriting restore keeps, or finds its way blocked to.
   * @param content the file's content in order, already authenticated
   * @param onTheWay a folder that was not asked for itself: one that is there stays as it is
   */
  async add(entry: Entry, content: AsyncIterable<Buffer>, onTheWay = false): Promise<boolean> {
    const parts = checkedParts(entry.path)
    const name = parts.at(-1)
    if (name === undefined) {
      if (entry.type !== 'folder') throw this.#hostile(entry, 'is the root and no folder')
      if (!onTheWay || this.#overwrite === undefined) this.#levels[0] = { ...this.#top(), entry }
      return true
    }
    try {
      if (this.#blocked !== undefined && entry.path.startsWith(`${this.#blocked}/`)) return false
      const parent = this.#enter(parts.slice(0, -1), entry)
      const at = parent.inside(name)
      // Making a file anew finds out by itself.
      if (this.#draft && entry.type === 'file') {
        await this.#addFile(entry, parent, at, content)
        return true
      }
      const there = lstatSync(toFsPath(at), { throwIfNoEntry: false, bigint: true })
      if (there && this.#overwrite === undefined) throw this.#hostile(entry, 'comes twice')
      if (entry.type === 'folder') return this.#addFolder(entry, name, at, there, onTheWay)
      if (there && !this.#mayReplace(entry, there)) return false
      if (entry.type === 'symlink') this.#addSymlink(entry, parent, at)
      else if (entry.type === 'hardlink') this.#addHardLink(entry, parent, at)
      else await this.#addFile(entry, parent, at, content)
      return true
    } catch (error) {
      throw this.#explained(entry, error)
    }
  }

  get overwrites(): boolean {
    return this.#overwrite !== undefined
  }

  /** Whether a path is a file whose size and time are those of an entry. Never looks through a link. */
  holds(entry: Entry): boolean {
    const found = this.#lookUp(entry.path)
    return found?.isFile() === true && found.size === BigInt(entry.size) && found.mtimeNs === entry.mtimeNs
  }

  /** Gives every folder its mode, owner and times: only now, because writing into it would change them. */
  finish(): void {
    while (this.#levels.length > 0) this.#leave()
  }

  close(): void {
    for (const { folder } of this.#levels.splice(0)) folder.close()
  }

  #top(): Level {
    const level = this.#levels.at(-1)
    if (!level) throw new AppError('unavailable', 'This restore has ended.')
    return level
  }

  /** Leaves folders until the current one is `parts`, which the backup must have named before. */
  #enter(parts: readonly string[], entry: Entry): OpenFolder {
    while (
      this.#levels.length - 1 > parts.length ||
      this.#levels.some((level, i) => i > 0 && level.name !== parts[i - 1])
    )
      this.#leave()
    if (this.#levels.length - 1 !== parts.length) throw this.#hostile(entry, 'comes before the folder it lies in')
    return this.#top().folder
  }

  #leave(): void {
    const { folder, entry } = this.#top()
    if (entry) this.#describe(entry, folder.fd)
    this.#levels.pop()
    folder.close()
  }

  #addFolder(entry: Entry, name: string, at: BytePath, there: BigIntStats | undefined, onTheWay: boolean): boolean {
    if (there && !there.isDirectory()) {
      this.#warn(
        entry.path,
        `a ${there.isSymbolicLink() ? 'link' : 'file'} is in its way: that was left, and nothing of this folder was restored`,
      )
      this.#blocked = entry.path
      return false
    }
    if (!there) mkdirSync(toFsPath(at), 0o700)
    // What `never` keeps, and what nobody asked for, keeps its mode and times.
    const untouched = there && (onTheWay || this.#overwrite === 'never')
    this.#levels.push({ name, folder: openFolder(at), entry: untouched ? undefined : entry })
    return !there
  }

  #mayReplace(entry: Entry, there: BigIntStats): boolean {
    if (there.isDirectory()) {
      this.#warn(entry.path, 'a folder is in its way: it was left, and this was not restored')
      return false
    }
    return this.#overwrite === 'always' || (this.#overwrite === 'older' && there.mtimeNs < entry.mtimeNs)
  }

  #addSymlink(entry: Entry, parent: OpenFolder, at: BytePath): void {
    this.#put(parent, at, (path) => {
      symlinkSync(toFsPath(entry.target ?? ''), toFsPath(path))
      if (this.#asRoot) lchownSync(toFsPath(path), entry.uid, entry.gid)
      this.#times.setSymlink(path, entry.mtimeNs)
    })
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

  #lookUp(path: BytePath): BigIntStats | undefined {
    const parts = checkedParts(path)
    const name = parts.pop()
    const opened: OpenFolder[] = []
    try {
      let folder = this.#levels[0]?.folder
      for (const part of parts) {
        if (!folder) return undefined
        folder = openFolder(folder.inside(part))
        opened.push(folder)
      }
      return folder && name !== undefined
        ? lstatSync(toFsPath(folder.inside(name)), { throwIfNoEntry: false, bigint: true })
        : undefined
    } catch {
      return undefined // no such folder, or a link in its place
    } finally {
      for (const folder of opened) folder.close()
    }
  }

  #addHardLink(entry: Entry, parent: OpenFolder, at: BytePath): void {
    const parts = checkedParts(entry.target ?? '')
    const name = parts.pop()
    const root = this.#levels[0]
    if (name === undefined || !root) throw this.#hostile(entry, 'is a link to a folder')
    const opened: OpenFolder[] = []
    try {
      let folder = root.folder
      for (const part of parts) {
        folder = openFolder(folder.inside(part))
        opened.push(folder)
      }
      const existing = toFsPath(folder.inside(name))
      if (!lstatSync(existing).isFile()) throw this.#hostile(entry, 'is a hard link to what is no file of this backup')
      this.#put(parent, at, (path) => linkSync(existing, toFsPath(path)))
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(systemCode(error) ?? ''))
        throw this.#hostile(entry, 'is a hard link to what is no file of this backup')
      throw error
    } finally {
      for (const folder of opened) folder.close()
    }
  }

  async #addFile(entry: Entry, parent: OpenFolder, at: BytePath, content: AsyncIterable<Buffer>): Promise<void> {
    const pieces = content[Symbol.asyncIterator]()
    const first = await pieces.next()
    const whole = this.#draft && (first.value?.length ?? 0) === entry.size
    const temporary = whole ? at : parent.inside(this.#temporary)
    const fd = this.#create(entry, temporary)
    try {
      try {
        for (let next = first; !next.done; next = await pieces.next()) await writeAll(fd, next.value)
        this.#describe(entry, fd)
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
      return openSync(toFsPath(path), CREATE, 0o600)
    } catch (error) {
      if (systemCode(error) === 'EEXIST') throw this.#hostile(entry, 'comes twice')
      throw error
    }
  }

  #rename(entry: Entry, temporary: BytePath, at: BytePath): void {
    if (this.#draft && lstatSync(toFsPath(at), { throwIfNoEntry: false })) throw this.#hostile(entry, 'comes twice')
    renameSync(toFsPath(temporary), toFsPath(at))
  }

  #describe(entry: Entry, fd: number): void {
    let mode = entry.mode
    if (this.#asRoot) fchownSync(fd, entry.uid, entry.gid)
    else if (mode & SET_ID) {
      mode &= ~SET_ID
      this.#warn(entry.path, 'its set-user-ID and set-group-ID bits were left out: only root restores them')
    }
    fchmodSync(fd, mode) // after the owner: changing that clears bits
    this.#times.setOpenFile(fd, entry.mtimeNs)
  }

  #hostile(entry: Entry, what: string): AppError {
    return new AppError('integrity', `The backup holds "${displayPath(entry.path)}", which ${what}.`, {
      fix: 'No backup made by this console does. Nothing was written for it; treat this backup as forged.',
    })
  }

  #explained(entry: Entry, error: unknown): unknown {
    const code = systemCode(error)
    if (error instanceof AppError || code === undefined) return error
    const message = `"${displayPath(entry.path)}" cannot be written: ${reasonOf(error)}.`
    return new AppError(code === 'EACCES' || code === 'EPERM' ? 'denied' : 'unavailable', message, { cause: error })
  }
}

async function writeAll(fd: number, piece: Buffer): Promise<void> {
  for (let at = 0; at < piece.length; ) {
    const left = piece.length - at
    at += left <= WRITE_HERE ? writeSync(fd, piece, at, left) : (await writeInPool(fd, piece, at, left)).bytesWritten
  }
}
