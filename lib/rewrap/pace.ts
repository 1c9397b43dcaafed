import { setTimeout as delay } from 'node:timers/promises'

/** As much may come at once as belongs to this time. */
const burstMs = 100
const slowdownEveryMs = 1_000
const recoverEveryMs = 1_000

/**
 * Keeps calls to so many in a second. Throttled, it halves; left alone, it comes back by a tenth of what is allowed each
 * second.
 */
export class Pace {
  readonly allowed: number
  #now: number
  #next = 0
  #slowedAt = Number.NEGATIVE_INFINITY
  #recoveredAt = 0
  readonly #clock: () => number

  constructor(perSecond: number, clock: () => number = () => performance.now()) {
    this.allowed = perSecond
    this.#now = perSecond
    this.#clock = clock
  }

  /** Calls in a second at present. */
  get perSecond(): number {
    return this.#now
  }

  /** How long the next call waits, in milliseconds. It counts as made. */
  book(): number {
    const now = this.#clock()
    this.#recover(now)
    const at = Math.max(now - burstMs, this.#next)
    this.#next = at + 1000 / this.#now
    return Math.max(0, at - now)
  }

  /** Resolves when the next call may be made. Throws `signal.reason`. */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const wait = this.book()
    if (wait >= 1) await delay(wait, undefined, { signal }).catch(() => signal.throwIfAborted())
  }

  /** KMS has said that this is too much. Many say so at once, and mean the same. */
  slowDown(): void {
    const now = this.#clock()
    if (now - this.#slowedAt < slowdownEveryMs) return
    this.#slowedAt = now
    this.#recoveredAt = now
    this.#now = Math.max(1, this.#now / 2)
  }

  #recover(now: number): void {
    if (this.#now >= this.allowed) return
    const steps = Math.floor((now - this.#recoveredAt) / recoverEveryMs)
    if (steps < 1) return
    this.#recoveredAt += steps * recoverEveryMs
    this.#now = Math.min(this.allowed, this.#now + (steps * this.allowed) / 10)
  }
}
