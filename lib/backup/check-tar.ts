import { displayPath } from '#lib/archive/byte-path.ts'
import type { Entry } from '#lib/archive/entry.ts'
import { orderKey } from '#lib/archive/path-order.ts'
import { checkedParts } from '#lib/archive/restore-path.ts'
import { END_OF_TAR, encodeTarHeader, paddingAfter } from '#lib/archive/tar-header.ts'
import { AppError } from '#lib/errors.ts'
import type { EntryIndex } from './entry-index.ts'
import type { BackupTotals } from './manifest.ts'

interface Span {
  readonly length: number
  /** What must stand there; undefined for a file's content. */
  readonly bytes?: Buffer
  readonly what: string
}

/**
 * Compares a tar stream, given piece by piece, with the list of entries: every header as the entry says, every content
 * where it says, and nothing else. Throws AppError `integrity` with a sentence that names the entry.
 */
export class TarCheck {
  readonly #spans: AsyncGenerator<Span, void>
  #span: Span | undefined
  /** How much of the span has passed. */
  #passed = 0

  constructor(index: EntryIndex, totals: BackupTotals) {
    this.#spans = spansOf(index, totals)
  }

  /** @param bytes undefined: not known, because the segment was damaged */
  async next(length: number, bytes: Buffer | undefined): Promise<void> {
    for (let at = 0; at < length; ) {
      await this.#advance()
      const span = this.#span
      if (!span) throw new AppError('integrity', 'The tar stream is longer than the entry lists say.')
      const now = Math.min(span.length - this.#passed, length - at)
      const expected = span.bytes?.subarray(this.#passed, this.#passed + now)
      if (expected && bytes && !expected.equals(bytes.subarray(at, at + now)))
        throw new AppError('integrity', `The tar stream and the entry lists differ at ${span.what}.`)
      this.#passed += now
      at += now
    }
  }

  async end(): Promise<void> {
    await this.#advance()
    if (this.#span) throw new AppError('integrity', `The tar stream ends before ${this.#span.what}.`)
  }

  async #advance(): Promise<void> {
    while (!this.#span || this.#passed === this.#span.length) {
      const { value, done } = await this.#spans.next()
      this.#span = value ?? undefined
      this.#passed = 0
      if (done) return
    }
  }
}

async function* spansOf(index: EntryIndex, totals: BackupTotals): AsyncGenerator<Span, void> {
  const listed = { files: 0, folders: 0, links: 0, bytes: 0, warnings: 0 }
  let at = 0
  let last: string | undefined
  for await (const item of index.from('')) {
    checkedParts(item.path)
    if (item.warning !== undefined) listed.warnings += 1
    if (item.type === 'skipped') continue
    const what = `“${displayPath(item.path)}”`
    if (orderKey(item.path) === last) throw new AppError('integrity', `The entry lists hold ${what} twice.`)
    last = orderKey(item.path)
    count(listed, item)
    const header = headerOf(item)
    if (item.offset !== at || item.data !== at + header.length)
      throw new AppError('integrity', `The entry lists put ${what} at another place than the tar stream.`)
    yield { length: header.length, bytes: header, what }
    if (item.size > 0) yield { length: item.size, what: `the content of ${what}` }
    const padding = Buffer.alloc(paddingAfter(item.size))
    if (padding.length > 0) yield { length: padding.length, bytes: padding, what: `the end of ${what}` }
    at = item.data + item.size + padding.length
  }
  for (const name of ['files', 'folders', 'links', 'bytes', 'warnings'] as const)
    if (listed[name] !== totals[name])
      throw new AppError('integrity', `The manifest counts ${totals[name]} ${name}, the entry lists ${listed[name]}.`)
  yield { length: END_OF_TAR.length, bytes: END_OF_TAR, what: 'its end' }
}

/** What was of unknown size when its header was written has a longer one. */
function headerOf(entry: Entry): Buffer {
  const usual = encodeTarHeader(entry)
  return Buffer.from(usual.length === entry.data - entry.offset ? usual : encodeTarHeader(entry, true))
}

function count(listed: { files: number; folders: number; links: number; bytes: number }, { type, size }: Entry): void {
  listed.bytes += size
  listed[type === 'file' ? 'files' : type === 'folder' ? 'folders' : 'links'] += 1
}
