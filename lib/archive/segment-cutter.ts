export interface Segment {
  readonly index: number
  /** Where it begins in the tar stream. */
  readonly tarOffset: number
  readonly bytes: Buffer
  /** Gives the memory back; `bytes` must not be touched afterwards. */
  release(): void
}

/** Where an earlier run's segments end. */
interface CutterStart {
  readonly index: number
  readonly position: number
}

/**
 * Collects a byte stream in buffers of one segment each and hands out every full one. Buffers are reused, so there
 * are never more than `buffers`: whoever writes waits until one is released.
 */
export class SegmentCutter {
  /** Bytes of the stream so far. */
  position: number
  /** The segment being filled: `used` bytes of it are, `left` are not. Only good while `left` is more than 0. */
  buffer: Buffer = Buffer.alloc(0)
  used = 0
  left = 0
  readonly #size: number
  readonly #emit: (segment: Segment) => void
  readonly #free: Buffer[] = []
  #unallocated: number
  #waiting: (() => void) | undefined
  #index: number
  #holdsFirst = false
  #first: Segment | undefined

  constructor(
    size: number,
    buffers: number,
    emit: (segment: Segment) => void,
    start: CutterStart = { index: 0, position: 0 },
  ) {
    this.#size = size
    this.#unallocated = buffers
    this.#emit = emit
    this.#index = start.index
    this.position = start.position
  }

  /** For a stream whose beginning depends on its end: the first segment is handed out last, by `finish`. */
  holdFirst(): void {
    this.#holdsFirst = true
  }

  /** Writes over the beginning of the stream, which `holdFirst` has kept. */
  rewriteStart(bytes: Uint8Array): void {
    const first = this.#first?.bytes ?? this.buffer
    if (bytes.length > this.#size) throw new RangeError('More than the first segment')
    first.set(bytes)
  }

  /** Resolves when there is room for at least one byte: fill `buffer` from `used` on, then `advance`. */
  async room(): Promise<void> {
    if (this.left > 0) return
    while (this.#free.length === 0 && this.#unallocated === 0)
      await new Promise<void>((resolve) => {
        this.#waiting = resolve
      })
    let buffer = this.#free.pop()
    if (!buffer) {
      this.#unallocated -= 1
      buffer = Buffer.allocUnsafeSlow(this.#size)
    }
    this.buffer = buffer
    this.used = 0
    this.left = this.#size
  }

  /** Counts the next `length` bytes of the buffer, at most `left`, as written. */
  advance(length: number): void {
    this.used += length
    this.left -= length
    this.position += length
    if (this.left === 0 && length > 0) this.#cut()
  }

  /** Writes what is known to be shorter than `left`. */
  writeNow(bytes: Buffer): void {
    bytes.copy(this.buffer, this.used)
    this.advance(bytes.length)
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      if (this.left === 0) await this.room()
      const piece = bytes.subarray(at, at + this.left)
      this.buffer.set(piece, this.used)
      this.advance(piece.length)
      at += piece.length
    }
  }

  async zeros(length: number): Promise<void> {
    for (let missing = length; missing > 0; ) {
      if (this.left === 0) await this.room()
      const now = Math.min(missing, this.left)
      this.buffer.fill(0, this.used, this.used + now)
      this.advance(now)
      missing -= now
    }
  }

  /** Hands out the last, shorter segment. */
  finish(): void {
    if (this.left > 0 && this.used > 0) this.#cut()
    const first = this.#first
    this.#first = undefined
    if (first) this.#emit(first)
  }

  #cut(): void {
    const { buffer, used } = this
    this.used = 0
    this.left = 0
    const segment = {
      index: this.#index++,
      tarOffset: this.position - used,
      bytes: buffer.subarray(0, used),
      release: () => {
        this.#free.push(buffer)
        this.#waiting?.()
        this.#waiting = undefined
      },
    }
    if (this.#holdsFirst && segment.index === 0) this.#first = segment
    else this.#emit(segment)
  }
}
