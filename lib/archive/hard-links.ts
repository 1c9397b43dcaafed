import type { BigIntStats } from 'node:fs'
import type { BytePath } from './byte-path.ts'

/** A file with several names, and the one that its content is stored under; empty where that does not hold all of it. */
export type FirstName = readonly [inode: string, path: BytePath]

/** The files seen so far that have several names. */
export class HardLinks {
  readonly #paths: Map<string, BytePath>
  #added: FirstName[] = []

  constructor(names: Iterable<FirstName> = []) {
    this.#paths = new Map(names)
  }

  /** The path that the file is stored under; undefined, and from now on `path`, when this is its first name. */
  firstName(path: BytePath, stat: BigIntStats): BytePath | undefined {
    // An inode's number is given to another file once the first is deleted; the time of its birth is not.
    const inode = `${stat.dev}:${stat.ino}:${stat.birthtimeNs}`
    const first = this.#paths.get(inode)
    if (first) return first
    this.#paths.set(inode, path)
    this.#added.push([inode, path])
    return undefined
  }

  /** Under this name lies less than its file holds: the next name gets the content. */
  forget(path: BytePath): void {
    for (const [inode, first] of this.#paths) {
      if (first !== path) continue
      this.#paths.set(inode, '')
      this.#added.push([inode, ''])
    }
  }

  /** Those that are new since this was called the last time. */
  takeAdded(): readonly FirstName[] {
    const added = this.#added
    this.#added = []
    return added
  }
}
