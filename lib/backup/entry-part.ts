import { type Entry, parseEntry, type SkippedItem } from '#lib/archive/entry.ts'
import { orderKey } from '#lib/archive/path-order.ts'
import { AppError } from '#lib/errors.ts'
import { naming } from './codec.ts'
import { partTitle } from './layout.ts'
import type { OpenedBackup } from './open-backup.ts'
import { readPart } from './read-part.ts'

const NEWLINE = 0x0a

/** One part of the list of entries, its lines parsed only when they are looked at. */
export class EntryPart {
  /** The whole lines, each ended by a newline. */
  readonly content: Buffer
  readonly #what: string
  /** Where each line begins; one more, where the last ends. */
  readonly #starts: Uint32Array

  /** @param what names the part in an error */
  constructor(content: Buffer, what: string) {
    this.content = content
    this.#what = what
    const starts = [0]
    for (let at = content.indexOf(NEWLINE); at >= 0; at = content.indexOf(NEWLINE, at + 1)) starts.push(at + 1)
    if (starts.at(-1) !== content.length || starts.length === 1)
      throw new AppError('integrity', `${what} does not consist of whole lines.`)
    this.#starts = Uint32Array.from(starts)
  }

  get length(): number {
    return this.#starts.length - 1
  }

  /** Throws AppError `integrity`. */
  at(line: number): Entry | SkippedItem {
    const [start = 0, end = 0] = [this.#starts[line], this.#starts[line + 1]]
    try {
      return parseEntry(this.content.toString('utf8', start, end - 1))
    } catch (error) {
      throw naming(this.#what, error)
    }
  }

  /** The first line whose path has at least this key; `length` when none has. */
  seek(key: string): number {
    let [low, high] = [0, this.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (orderKey(this.at(middle).path) < key) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Where a line begins in `content`. */
  startOf(line: number): number {
    return this.#starts[line] ?? this.content.length
  }
}

/** Throws as `readPart` does, and `integrity` when it does not begin as the manifest says. */
export async function readEntryPart(backup: OpenedBackup, index: number): Promise<EntryPart> {
  const { store, codec, identity, manifest } = backup
  const part = manifest.entries[index]
  const what = partTitle({ kind: 'entries', index }, identity.backup)
  if (!part) throw new AppError('integrity', `${what} is not in its manifest.`)
  const read = new EntryPart(await readPart(store, codec, identity, part), what)
  if (part.first !== undefined && read.at(0).path !== part.first)
    throw new AppError('integrity', `${what} does not begin with what its manifest says.`)
  return read
}
