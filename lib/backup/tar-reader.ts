import { AppError } from '#lib/errors.ts'
import type { OpenedBackup } from './open-backup.ts'
import { readPart } from './read-part.ts'

/** Reads from a backup's tar stream, forward only, and fetches ahead of that the segments that it is told of. */
export class TarReader {
  readonly #backup: OpenedBackup
  readonly #ahead: number
  readonly #starts: Float64Array
  readonly #loading = new Map<number, Promise<Buffer>>()
  /** Ranges of segments that will be read, in order, without the ones that were left behind. */
  #wanted: { from: number; readonly to: number }[] = []
  #current = 0

  /** @param ahead segments held at once, the current one included */
  constructor(backup: OpenedBackup, ahead: number) {
    this.#backup = backup
    this.#ahead = ahead
    const { segments } = backup.manifest
    this.#starts = new Float64Array(segments.length + 1)
    for (const [index, { length }] of segments.entries()) this.#starts[index + 1] = (this.#starts[index] ?? 0) + length
  }

  /** Says that this will be read, after all that was said before. */
  want(offset: number, size: number): void {
    if (size === 0) return
    const known = this.#wanted.at(-1)?.to ?? -1
    const from = Math.max(this.#segmentAt(offset), known + 1)
    const to = this.#segmentAt(offset + size - 1)
    if (from <= to) this.#wanted.push({ from, to })
  }

  /** Whether it was told of enough to fetch ahead as far as it may. */
  get toldEnough(): boolean {
    return this.#next().length === this.#ahead
  }

  /** Authenticated bytes, in pieces of at most one segment. Never goes back: `offset` must not be before the last end. */
  async *read(offset: number, size: number): AsyncGenerator<Buffer> {
    let at = offset
    const end = offset + size
    const told = this.#wanted.at(-1)
    if (!told || this.#segmentAt(end - 1) > told.to) this.want(offset, size)
    if (size > 0 && end > (this.#starts.at(-1) ?? 0)) throw this.#nothingThere()
    while (at < end) {
      const index = this.#segmentAt(at)
      if (index < this.#current) throw this.#nothingThere()
      this.#goTo(index)
      const content = await this.#load(index)
      const start = this.#starts[index] ?? 0
      const piece = content.subarray(at - start, end - start)
      at += piece.length
      yield piece
    }
  }

  #goTo(index: number): void {
    this.#current = index
    this.#wanted = this.#wanted.filter(({ to }) => to >= index)
    const [range] = this.#wanted
    if (range) range.from = Math.max(range.from, index)
    for (const held of this.#loading.keys()) if (held < index) this.#loading.delete(held)
  }

  #load(current: number): Promise<Buffer> {
    const { store, codec, identity, manifest } = this.#backup
    for (const index of this.#next()) {
      const part = manifest.segments[index]
      if (!part || this.#loading.has(index)) continue
      const loading = readPart(store, codec, identity, part)
      loading.catch(() => {}) // whoever waits for it is told; if nobody does, it is not wanted any more
      this.#loading.set(index, loading)
    }
    const loading = this.#loading.get(current)
    if (!loading) throw this.#nothingThere()
    return loading
  }

  /** The segments to be held now. */
  #next(): number[] {
    const next: number[] = []
    for (const { from, to } of this.#wanted)
      for (let index = from; index <= to && next.length < this.#ahead; index += 1) next.push(index)
    return next
  }

  /** The segment that holds a byte of the stream; the last one for whatever lies beyond it. */
  #segmentAt(offset: number): number {
    let [low, high] = [0, Math.max(0, this.#starts.length - 2)]
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  #nothingThere(): AppError {
    return new AppError('integrity', `Backup ${this.#backup.identity.backup} lists content where it holds none.`)
  }
}
