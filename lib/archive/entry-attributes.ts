import { fchmodSync, fchownSync, fstatSync, lchownSync } from 'node:fs'
import { restoredMode, restoresOwners } from './as-restored.ts'
import { type BytePath, toFsPath } from './byte-path.ts'
import { type Entry, formatTime } from './entry.ts'
import { cannotOwn } from './restore-errors.ts'
import { timeSetter } from './set-times.ts'

/** Every disk knows the times between. */
const UNTIL_2038 = 2n ** 31n * 1_000_000_000n

/** Gives restored files, folders and links their owner, mode and times, as far as this user may. */
export class EntryAttributes {
  readonly #owners = restoresOwners()
  readonly #times = timeSetter()
  readonly #warn: (path: BytePath, message: string) => void

  constructor(warn: (path: BytePath, message: string) => void) {
    this.#warn = warn
  }

  /** Of an open file or folder. */
  describe(entry: Entry, fd: number): void {
    this.#own(entry, fd)
    fchmodSync(fd, this.modeOf(entry)) // after the owner: changing that clears bits
    this.#times.setOpenFile(fd, entry.mtimeNs) // last: by its time a further attempt knows a whole file
    this.#sayWhereUnkept(entry, fd)
  }

  /** Of a time that it does not know a disk makes the nearest that it does, and says nothing. */
  #sayWhereUnkept({ path, mtimeNs }: Entry, fd: number): void {
    if (mtimeNs >= 0n && mtimeNs < UNTIL_2038) return
    const kept = fstatSync(fd, { bigint: true }).mtimeNs
    if (kept !== mtimeNs) this.#warn(path, `this disk does not keep its time: it has ${formatTime(kept)} s instead`)
  }

  describeSymlink(entry: Entry, path: BytePath): void {
    this.#own(entry, path)
    this.#times.setSymlink(path, entry.mtimeNs)
  }

  /** A folder that is still written into: its owner and mode already, but not closed to whoever restores. Throws as fchown(2). */
  openUp(entry: Entry, fd: number): void {
    if (this.#owners) fchownSync(fd, entry.uid, entry.gid)
    fchmodSync(fd, restoredMode(entry, this.#owners) | 0o700)
  }

  /** As it is restored; says so where bits are left out. */
  modeOf(entry: Entry): number {
    const mode = restoredMode(entry, this.#owners)
    if (mode !== entry.mode)
      this.#warn(entry.path, 'its set-user-ID and set-group-ID bits were left out: only root restores them')
    return mode
  }

  /** @param at an open file or folder, or the path of a link */
  #own(entry: Entry, at: number | BytePath): void {
    if (!this.#owners) return
    try {
      if (typeof at === 'number') fchownSync(at, entry.uid, entry.gid)
      else lchownSync(toFsPath(at), entry.uid, entry.gid)
    } catch (error) {
      throw cannotOwn(entry, error)
    }
  }
}
