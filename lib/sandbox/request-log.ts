import type { LoggedCall } from './schema.ts'

const recentLimit = 200

/** Counts calls by service and operation, and remembers the last ones for the Sandbox page. */
export class RequestLog {
  #counts = new Map<string, Map<string, number>>()
  #recent: LoggedCall[] = []

  add(call: LoggedCall): void {
    const operations = this.#counts.get(call.service) ?? new Map<string, number>()
    this.#counts.set(call.service, operations)
    operations.set(call.operation, (operations.get(call.operation) ?? 0) + 1)
    this.#recent.push(call)
    if (this.#recent.length > recentLimit * 2) this.#recent = this.#recent.slice(-recentLimit)
  }

  /** `{ counts: { kms: { Encrypt: 2 } }, recent: newest first }` */
  report(): { counts: Record<string, Record<string, number>>; recent: LoggedCall[] } {
    const counts: Record<string, Record<string, number>> = {}
    for (const [service, operations] of this.#counts) counts[service] = Object.fromEntries(operations)
    return { counts, recent: this.#recent.slice(-recentLimit).reverse() }
  }

  clear(): void {
    this.#counts = new Map()
    this.#recent = []
  }
}
