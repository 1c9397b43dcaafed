import { AppError } from '#lib/errors.ts'
import { freeWhole, passedThrough } from '#lib/free-now.ts'
import { expectToHash } from '#lib/hash-aside.ts'
import { giveShared, takeShared } from '#lib/shared-memory.ts'
import type { OpenedBackup } from './open-backup.ts'
import { fetchPart, openPart } from './read-part.ts'

/** Segments held as content, the current one included: what compresses well takes far more memory then. */
const OPEN_AT_ONCE = 3

interface Loading {
  readonly object: Promise<Uint8Array>
  isFetched: boolean
  /** Undefined before its turn comes. */
  content: Promise<Buffer> | undefined
  /** The content, once it is there. */
  bytes: Buffer | undefined
  /** What the segment is fetched into, as long as its content lies there. */
  memory: Buffer | undefined
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

  /** Says that this, or all there is of it, will be read, after all that was said before. */
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

  /**
   * The same bytes as `read`, at once: undefined where they do not lie in the segment that was read last. Sparing two
   * generators for each small file makes their restore a seventh faster.
   */
  here(offset: number, size: number): Buffer | undefined {
    const start = this.#starts[this.#current] ?? 0
    const content = this.#loading.get(this.#current)?.bytes
    if (!content || offset < start || offset + size > start + content.length) return undefined
    return content.subarray(offset - start, offset - start + size)
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
    for (const [held, { memory, content, bytes, isFetched }] of this.#loading) {
      if (held >= index) continue
      this.#loading.delete(held)
      // What is still being written into is left to the collector of garbage.
      const isIdle = content ? bytes !== undefined : isFetched
      if (!this.#reuse || !isIdle) continue
      if (memory) giveShared(memory)
      else if (bytes) freeWhole(bytes)
    }
  }

  /** Fetches ahead from now on, before the first of it is read. */
  begin(): void {
    this.#fetchAhead()
  }

  #fetchAhead(): number[] {
    const next = this.#next()
    for (const index of next) this.#fetch(index)
    return next
  }

  #load(current: number): Promise<Buffer> {
    for (const index of this.#fetchAhead().slice(0, OPEN_AT_ONCE)) this.#open(index)
    const content = this.#loading.get(current)?.content
    if (!content) throw this.#nothingThere()
    return content
  }

  #fetch(index: number): void {
    const { store, identity, manifest } = this.#backup
    const part = manifest.segments[index]
    if (!part || this.#loading.has(index)) return
    const memory = this.#reuse ? takeShared(part.size) : undefined
    const object = fetchPart(store, identity, part, memory)
    const loading: Loading = { object, isFetched: false, content: undefined, bytes: undefined, memory }
    this.#loading.set(index, loading)
    object.then(
      () => {
        loading.isFetched = true
      },
      () => {}, // whoever waits for it is told; if nobody does, it is not wanted any more
    )
  }

  #open(index: number): void {
    const { codec, identity, manifest } = this.#backup
    const part = manifest.segments[index]
    const loading = this.#loading.get(index)
    if (!part || !loading || loading.content) return
    const { memory } = loading
    loading.content = loading.object.then(async (object) => {
      const bytes = await openPart(codec, identity, part, object)
      loading.bytes = bytes
      passedThrough(bytes.length)
      if (memory && bytes.buffer !== memory.buffer) {
        giveShared(memory)
        loading.memory = undefined
      }
      return bytes
    })
    loading.content.catch(() => {})
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
