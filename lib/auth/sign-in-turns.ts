// Comparing a password keeps one of this process's four threads busy for a tenth of a second, and whoever asks for it need
// not be anybody. Without an end to their number everything that needs those threads, which is every page, waits behind.

const atOnce = 2
const mostWaiting = 30
/** Under way and waiting: so that one who sends many leaves room for others. */
const mostOfAddress = 8

export class SignInTurns {
  #free = atOnce
  readonly #waiting: (() => void)[] = []
  readonly #addresses = new Map<string, number>()

  /** @returns what gives the turn back, to be called once; undefined when too many wait already */
  async take(address = ''): Promise<(() => void) | undefined> {
    const own = this.#addresses.get(address) ?? 0
    if (own >= mostOfAddress || this.#waiting.length >= mostWaiting) return undefined
    this.#addresses.set(address, own + 1)
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return () => {
      const left = (this.#addresses.get(address) ?? 1) - 1
      if (left > 0) this.#addresses.set(address, left)
      else this.#addresses.delete(address)
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free += 1
    }
  }
}
