/** What a person sees while something slow goes on: one line that counts on a terminal, plain lines anywhere else. */
export class Progress {
  readonly #out: NodeJS.WriteStream
  readonly #running = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
  }

  /** @param text such as “Building the pages”; shown until `work` settles */
  async during<T>(text: string, work: Promise<T>): Promise<T> {
    const start = performance.now()
    this.#running.set(text, start)
    if (this.#out.isTTY) this.#timer ??= setInterval(() => this.#draw(), 200).unref()
    else this.#out.write(`${text}…\n`)
    try {
      return await work
    } finally {
      this.#running.delete(text)
      this.#clear()
      if (this.#running.size === 0) {
        clearInterval(this.#timer)
        this.#timer = undefined
      }
    }
  }

  /** A line that stays. */
  say(text: string): void {
    this.#clear()
    this.#out.write(`${text}\n`)
  }

  #draw(): void {
    const parts = [...this.#running].map(([text, start]) => `${text}… ${secondsSince(start)} s`)
    this.#clear()
    // A line that wraps could not be erased again.
    this.#out.write(parts.join('   ').slice(0, (this.#out.columns || 80) - 1))
  }

  #clear(): void {
    if (this.#out.isTTY) this.#out.write('\r\x1b[K')
  }
}

function secondsSince(start: number): number {
  return Math.round((performance.now() - start) / 1000)
}
