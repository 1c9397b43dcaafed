/**
 * The time that keys, sessions, locks and presigned links live by. Tests and rehearsals move it.
 * Signatures are checked against the real time: a client cannot follow a jump of thirty days.
 */
export class Clock {
  readonly #base: () => number
  #offset = 0

  constructor(base: () => number = Date.now) {
    this.#base = base
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#base() + this.#offset
  }

  /** It goes on running from there. */
  moveTo(time: number): void {
    this.#offset = time - this.#base()
  }

  reset(): void {
    this.#offset = 0
  }
}
