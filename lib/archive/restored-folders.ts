import { type BigIntStats, mkdirSync } from 'node:fs'
import { AppError } from '#lib/errors.ts'
import { type BytePath, toFsPath } from './byte-path.ts'
import type { Entry } from './entry.ts'
import type { EntryAttributes } from './entry-attributes.ts'
import { inTheWay } from './in-the-way.ts'
import type { MadeHere } from './made-here.ts'
import { type OpenFolder, openFolder } from './open-folder.ts'
import type { Outcome, Overwrite } from './overwrite.ts'
import { cannotWrite, hostileEntry } from './restore-errors.ts'
import { systemCode } from './system-error.ts'
import { type RestoreAttempt, removeUnfinished } from './unfinished.ts'

interface Level {
  readonly name: string
  readonly folder: OpenFolder
  /** Undefined for a folder that keeps its mode and times. */
  readonly entry: Entry | undefined
  /** It was there before. */
  readonly there: boolean
}

/** Where something may be there already. */
interface Replacing {
  readonly overwrite: Overwrite
  readonly by: RestoreAttempt | undefined
  readonly madeHere: MadeHere
}

interface RestoredFoldersOptions {
  readonly attributes: EntryAttributes
  readonly warn: (path: BytePath, message: string) => void
  readonly replacing: Replacing | undefined
}

/**
 * The folders from the target down to the one that is being restored into. Entries come with each folder before what it
 * holds. All are held open and everything is done relative to them, so that no link, whoever made it, is ever written
 * through.
 */
export class RestoredFolders {
  readonly #levels: Level[]
  readonly #attributes: EntryAttributes
  readonly #warn: (path: BytePath, message: string) => void
  readonly #replacing: Replacing | undefined
  /** A folder of the backup that cannot be made because something else is there: nothing below it is restored. */
  #blocked: BytePath | undefined

  /** @param isNew the target was made for this restore */
  constructor(target: OpenFolder, isNew: boolean, { attributes, warn, replacing }: RestoredFoldersOptions) {
    this.#levels = [{ name: '', folder: target, entry: undefined, there: !isNew }]
    this.#attributes = attributes
    this.#warn = warn
    this.#replacing = replacing
    if (replacing?.by) removeUnfinished(target, replacing.by)
  }

  /** The target itself gets its mode, owner and times when all is restored. */
  describeRoot(entry: Entry, onTheWay: boolean): void {
    const top = this.#top()
    if (this.#staysAsItIs(top.there, onTheWay)) return
    this.#levels[0] = { ...top, entry }
    this.#openUp(entry, top.folder.fd)
  }

  /**
   * Leaves folders until the current one is `parts`, which the backup must have named before.
   * @throws AppError `integrity` when it has not, and what giving a folder its mode, owner and times throws
   */
  enter(parts: readonly string[], entry: Entry): OpenFolder {
    while (
      this.#levels.length - 1 > parts.length ||
      this.#levels.some((level, i) => i > 0 && level.name !== parts[i - 1])
    )
      this.#leave()
    if (this.#levels.length - 1 !== parts.length) throw hostileEntry(entry, 'comes before the folder it lies in')
    return this.#top().folder
  }

  /**
   * Enters a folder of the current one.
   * @param there what has its name already
   * @param onTheWay it was not asked for itself: one that is there stays as it is
   * @throws what node:fs throws
   */
  add(entry: Entry, name: string, there: BigIntStats | undefined, onTheWay: boolean): Outcome {
    const obstacle = there && inTheWay(entry, there)
    if (obstacle !== undefined) {
      this.#warn(entry.path, obstacle)
      this.#blocked = entry.path
      return 'blocked'
    }
    const at = this.#top().folder.inside(name)
    if (!there) mkdirSync(toFsPath(at), 0o700)
    const untouched = this.#staysAsItIs(there !== undefined, onTheWay)
    const folder = openFolder(at)
    if (!there) this.#replacing?.madeHere.note(folder.stat)
    this.#levels.push({ name, folder, entry: untouched ? undefined : entry, there: there !== undefined })
    if (!untouched) this.#openUp(entry, folder.fd)
    if (there && this.#replacing?.by) removeUnfinished(folder, this.#replacing.by)
    return there ? 'kept' : 'written'
  }

  /** Whether it lies below what could not be made. */
  isBlocked(path: BytePath): boolean {
    return this.#blocked !== undefined && path.startsWith(`${this.#blocked}/`)
  }

  /** Gives every folder its mode, owner and times. */
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

  #leave(): void {
    const { folder, entry, there } = this.#top()
    if (entry) this.#describeFolder(entry, folder, there)
    this.#levels.pop()
    folder.close()
  }

  #describeFolder(entry: Entry, { fd }: OpenFolder, there: boolean): void {
    try {
      this.#attributes.describe(entry, fd)
    } catch (error) {
      if (!there || systemCode(error) !== 'EPERM') throw cannotWrite(entry, error)
      this.#warn(entry.path, 'this folder was there and belongs to somebody else: it kept its mode or times')
    }
  }

  /** What `never` keeps, and what nobody asked for, keeps its mode and times. */
  #staysAsItIs(there: boolean, onTheWay: boolean): boolean {
    return there && this.#replacing !== undefined && (onTheWay || this.#replacing.overwrite === 'never')
  }

  /**
   * Where a further attempt would take a folder for one that was there: it gets its owner and mode at once, so that it has
   * them whatever interrupts this one; and one that was finished as read-only can be written into again.
   */
  #openUp(entry: Entry, fd: number): void {
    if (!this.#replacing) return
    try {
      this.#attributes.openUp(entry, fd)
    } catch {
      // Somebody else's: whether it can be written into shows soon, and its mode is tried again at the end.
    }
  }
}
