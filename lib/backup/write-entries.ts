import { displayPath } from '#lib/archive/byte-path.ts'
import { type Entry, encodeEntry, type SkippedItem } from '#lib/archive/entry.ts'
import type { BackupTotals } from './manifest.ts'
import type { PartWriter } from './write-parts.ts'

/** Bytes of lines in one part of the list: what a reader of the list must hold at once. */
const PART_SIZE = 4 * 1024 * 1024
const WARNINGS_KEPT = 1000

/** Something that was not, or not faithfully, backed up or restored. */
export interface PathWarning {
  readonly path: string
  readonly message: string
}

/** Writes the list of entries, part by part, and counts. */
export class EntryWriter {
  readonly totals = { files: 0, folders: 0, links: 0, bytes: 0, warnings: 0 } satisfies BackupTotals
  /** The first 1,000; `totals.warnings` counts them all. */
  readonly warnings: PathWarning[] = []
  readonly #writer: PartWriter
  readonly #attempt: number
  #lines: string[] = []
  #size = 0
  #index = 0

  constructor(writer: PartWriter, attempt: number) {
    this.#writer = writer
    this.#attempt = attempt
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
}
