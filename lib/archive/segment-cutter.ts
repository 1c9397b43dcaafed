export interface Segment {
  readonly index: number
  /** Where it begins in the tar stream. */
  readonly tarOffset: number
  readonly bytes: Buffer
  /** Gives the memory back; `bytes` must not be touched afterwards. */
  release(): void
}

/**
 * Collects a byte stream in buffers of one segment each and hands out every full one. Buffers are reused, so there
 * are never more than `buffers`: whoever writes waits until one is released.
 */
export class SegmentCutter {
  position = 0
  readonly #size: number
  readonly #emit: (segment: Segment) => void
  readonly #free: Buffer[] = []
  #unallocated: number
  #waiting: (() => void) | undefined
  #current: Buffer | undefined
  #used = 0
  #index = 0

  constructor(size: number, buffers: number, emit: (segment: Segment) => void) {
    this.#size = size
    this.#unallocated = buffers
    this.#emit = emit
  }

  /** What is left of the current segment's buffer: read into it, then `advance`. At least one byte. */
  async room(): Promise<Buffer> {
    if (!this.#current) {
      while (this.#free.length === 0 && this.#unallocated === 0)
        await new Promise<void>((resolve) => {
          this.#waiting = resolve
        })
      this.#current = this.#free.pop()
      if (!this.#current) {
        this.#unallocated -= 1
        this.#current = Buffer.allocUnsafeSlow(this.#size)
      }
    }
    return this.#current.subarray(this.#used)
  }

  /** Counts the first `length` bytes of `room()` as written. */
  advance(length: number): void {
    this.#used += length
    this.position += length
    if (this.#used === this.#size) this.#cut()
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const room = await this.room()
      const piece = bytes.subarray(at, at + room.length)
      room.set(piece)
      this.advance(piece.length)
      at += piece.length
    }
  }

  async zeros(length: number): Promise<void> {
    for (let left = length; left > 0; ) {
      const room = await this.room()
      const now = Math.min(left, room.length)
      room.fill(0, 0, now)
      this.advance(now)
      left -= now
    }
  }

  /** Hands out the last, shorter segment. */
  finish(): void {
    if (this.#used > 0) this.#cut()
  }

  #cut(): void {
    const buffer = this.#current
    if (!buffer) return
    const used = this.#used
    this.#current = undefined
    this.#used = 0
    this.#emit({
      index: this.#index++,
      tarOffset: this.position - used,
      bytes: buffer.subarray(0, used),
      release: () => {
        this.#free.push(buffer)
        this.#waiting?.()
        this.#waiting = undefined
      },
    })
  }
}
