import type { BigIntStats } from 'node:fs'

/**
 * Tells what this restore has made from what was there before, by when each disk says that it was made: where a disk takes
 * two names for one, the second finds what the first became. A disk that knows no such times (NFS) tells nothing.
 */
export class MadeHere {
  /** Of each disk, by its own clock, in nanoseconds. */
  readonly #since = new Map<bigint, bigint>()

  /** Of something just made: the first on each disk counts. */
  note({ dev, birthtimeNs }: BigIntStats): void {
    if (birthtimeNs > 0n && !this.#since.has(dev)) this.#since.set(dev, birthtimeNs)
  }

  has({ dev, birthtimeNs }: BigIntStats): boolean {
    const since = this.#since.get(dev)
    return since !== undefined && birthtimeNs >= since
  }
}
