import { AppError } from '#lib/errors.ts'
import type { OpenedBackup } from './open-backup.ts'
import { readPart } from './read-part.ts'

/** Reads a backup's tar stream from front to back and fetches a few segments ahead. */
export class TarReader {
  readonly #backup: OpenedBackup
  readonly #ahead: number
  readonly #loading = new Map<number, Promise<Buffer>>()
  #index = 0
  /** Where segment `#index` begins in the tar stream. */
  #start = 0

  /** @param ahead segments held at once, the current one included */
  constructor(backup: OpenedBackup, ahead: number) {
    this.#backup = backup
    this.#ahead = ahead
  }

  /** Authenticated bytes, in pieces of at most one segment. Never goes back: `offset` must not be before the last end. */
  async *read(offset: number, size: number): AsyncGenerator<Buffer> {
    let at = offset
    const end = offset + size
    while (at < end) {
      const { segments } = this.#backup.manifest
      let part = segments[this.#index]
      while (part && this.#start + part.length <= at) {
        this.#loading.delete(this.#index)
        this.#start += part.length
        this.#index += 1
        part = segments[this.#index]
      }
      if (!part || at < this.#start)
        throw new AppError('integrity', `Backup ${this.#backup.identity.backup} lists content where it holds none.`)
      const content = await this.#load()
      const piece = content.subarray(at - this.#start, end - this.#start)
      at += piece.length
      yield piece
    }
  }

  #load(): Promise<Buffer> {
    const { store, codec, identity, manifest } = this.#backup
    for (let index = this.#index; index < this.#index + this.#ahead; index += 1) {
      const part = manifest.segments[index]
      if (!part || this.#loading.has(index)) continue
      const loading = readPart(store, codec, identity, part)
      loading.catch(() => {}) // whoever waits for it is told; if nobody does, it is not wanted any more
      this.#loading.set(index, loading)
    }
    const current = this.#loading.get(this.#index)
    if (!current) throw new AppError('integrity', 'This backup holds no such segment.')
    return current
  }
}
