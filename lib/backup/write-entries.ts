import { type BytePath, displayPath } from '#lib/archive/byte-path.ts'
import { type Entry, encodeEntry, type SkippedItem } from '#lib/archive/entry.ts'
import type { BackupTotals } from './manifest.ts'
import type { PartWriter } from './write-parts.ts'

/** Bytes of lines in one part of the list: what a reader of the list must hold at once. */
const PART_SIZE = 4 * 1024 * 1024
export const WARNINGS_KEPT = 1000

/** Something that was not, or not faithfully, backed up or restored. */
export interface PathWarning {
  readonly path: string
  readonly message: string
}

/** What a further attempt needs to go on with the list. */
export interface EntriesState {
  /** Parts that are full. */
  readonly parts: number
  /** The first path in each part, the one that is being filled included. */
  readonly firsts: readonly BytePath[]
  /** Of the part that is being filled. */
  readonly lines: readonly string[]
  readonly totals: BackupTotals
  readonly warnings: readonly PathWarning[]
}

/** What has come since the last time. `parts` and `totals` are as they are now. */
export interface EntriesChange extends EntriesState {
  /** Whether `lines` are all of the current part, or follow those of the change before. */
  readonly newPart: boolean
}

export const noEntries: EntriesState = {
  parts: 0,
  firsts: [],
  lines: [],
  totals: { files: 0, folders: 0, links: 0, bytes: 0, warnings: 0 },
  warnings: [],
}

/** Writes the list of entries, part by part, and counts. */
export class EntryWriter {
  readonly totals: { -readonly [name in keyof BackupTotals]: number }
  /** The first 1,000; `totals.warnings` counts them all. */
  readonly warnings: PathWarning[]
  /** The first path in each part. */
  readonly firsts: BytePath[]
  readonly #writer: PartWriter
  readonly #attempt: number
  #lines: string[]
  #size: number
  #index: number
  /** How much of each was in a change. */
  #told: { firsts: number; lines: number; warnings: number; parts: number }

  constructor(writer: PartWriter, attempt: number, start: EntriesState) {
    this.#writer = writer
    this.#attempt = attempt
    this.totals = { ...start.totals }
    this.warnings = [...start.warnings]
    this.firsts = [...start.firsts]
    this.#lines = [...start.lines]
    this.#size = start.lines.reduce((sum, line) => sum + line.length + 1, 0)
    this.#index = start.parts
    this.#told = this.#counts()
  }

  /** Returns a promise when a part is full and must be on its way before more is added. */
  add(item: Entry | SkippedItem): Promise<void> | undefined {
    if (item.type === 'file') this.totals.files += 1
    else if (item.type === 'folder') this.totals.folders += 1
    else if (item.type !== 'skipped') this.totals.links += 1
    if (item.type !== 'skipped') this.totals.bytes += item.size
    if (item.warning !== undefined) {
      this.totals.warnings += 1
      if (this.warnings.length < WARNINGS_KEPT)
        this.warnings.push({ path: displayPath(item.path), message: item.warning })
    }
    const line = encodeEntry(item)
    if (this.#lines.length === 0) this.firsts.push(item.path)
    this.#lines.push(line)
    this.#size += line.length + 1
    return this.#size < PART_SIZE ? undefined : this.finish()
  }

  async finish(): Promise<void> {
    if (this.#lines.length === 0) return
    const content = Buffer.from(`${this.#lines.join('\n')}\n`)
    this.#lines = []
    this.#size = 0
    await this.#writer.add({ kind: 'entries', attempt: this.#attempt, index: this.#index++ }, content)
  }

  takeChange(): EntriesChange {
    const told = this.#told
    this.#told = this.#counts()
    const newPart = told.parts !== this.#index
    return {
      parts: this.#index,
      newPart,
      firsts: this.firsts.slice(told.firsts),
      lines: this.#lines.slice(newPart ? 0 : told.lines),
      totals: { ...this.totals },
      warnings: this.warnings.slice(told.warnings),
    }
  }

  #counts() {
    const { firsts, warnings } = this
    return { firsts: firsts.length, lines: this.#lines.length, warnings: warnings.length, parts: this.#index }
  }
}
