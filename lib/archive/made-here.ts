import type { BigIntStats } from 'node:fs'

/**
 * Tells what this restore has made from what was there before, by when each disk says that it was made: where a disk takes
 * two names for one, the second finds what the first became. A disk that knows no such times (NFS) tells nothing.
 */
export class MadeHere {
  /** Of each disk, by its own clock, in nanoseconds. */
  readonly #since = new Map<bigint, bigint>()

  /** @param first what was made now, on a disk on which nothing may have been made before */
  note({ dev, birthtimeNs }: BigIntStats): void {
    if (birthtimeNs > 0n && !this.#since.has(dev)) this.#since.set(dev, birthtimeNs)
  }

  has({ dev, birthtimeNs }: BigIntStats): boolean {
    const since = this.#since.get(dev)
    return since !== undefined && birthtimeNs >= since
  }
}
