import { AppError } from '#lib/errors.ts'
import { freeWhole } from '#lib/free-now.ts'
import { expectToHash } from '#lib/hash-aside.ts'
import { giveShared, takeShared } from '#lib/shared-memory.ts'
import type { OpenedBackup } from './open-backup.ts'
import { readPart } from './read-part.ts'

interface Loading {
  readonly content: Promise<Buffer>
  readonly memory: Buffer | undefined
  /** The content, once it is there and nothing is written any more. */
  bytes: Buffer | undefined
}

/** Reads from a backup's tar stream, forward only, and fetches ahead of that the segments that it is told of. */
export class TarReader {
  readonly #backup: OpenedBackup
  readonly #ahead: number
  readonly #starts: Float64Array
  readonly #loading = new Map<number, Loading>()
  readonly #reuse: boolean
  /** Ranges of segments that will be read, in order, without the ones that were left behind. */
  #wanted: { from: number; readonly to: number }[] = []
  #current = 0

  /**
   * @param ahead segments held at once, the current one included
   * @param options.reuse a piece is used no more when the next one, or another read, is asked for. To be closed then.
   */
  constructor(backup: OpenedBackup, ahead: number, { reuse = false }: { reuse?: boolean } = {}) {
    this.#backup = backup
    this.#reuse = reuse
    this.#ahead = ahead
    const { segments } = backup.manifest
    this.#starts = new Float64Array(segments.length + 1)
    if (reuse && segments.length > 1) expectToHash()
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

  /** Whether it was told of enough to fetch ahead as far as it may, still when it reads the last byte before `end`. */
  toldEnough(end: number): boolean {
    const last = this.#segmentAt(end - 1)
    const held = this.#wanted.reduce((sum, { from, to }) => sum + Math.max(0, to + 1 - Math.max(from, last)), 0)
    return held >= this.#ahead
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
    this.#leaveBefore(index)
  }

  /** Gives back the memory of what was read. Nothing is used or read any more. */
  close(): void {
    this.#leaveBefore(Number.POSITIVE_INFINITY)
  }

  #leaveBefore(index: number): void {
    for (const [held, { memory, bytes }] of this.#loading) {
      if (held >= index) continue
      this.#loading.delete(held)
      if (!memory || !bytes) continue
      giveShared(memory)
      if (bytes.buffer !== memory.buffer) freeWhole(bytes)
    }
  }

  #load(current: number): Promise<Buffer> {
    const { store, codec, identity, manifest } = this.#backup
    for (const index of this.#next()) {
      const part = manifest.segments[index]
      if (!part || this.#loading.has(index)) continue
      const memory = this.#reuse ? takeShared(part.size) : undefined
      const loading: Loading = { content: readPart(store, codec, identity, part, memory), memory, bytes: undefined }
      this.#loading.set(index, loading)
      loading.content.then(
        (bytes) => {
          loading.bytes = bytes
        },
        () => {}, // whoever waits for it is told; if nobody does, it is not wanted any more
      )
    }
    const loading = this.#loading.get(current)?.content
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
