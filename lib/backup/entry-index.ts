import type { BytePath } from '#lib/archive/byte-path.ts'
import { displayPath } from '#lib/archive/byte-path.ts'
import type { Entry, SkippedItem } from '#lib/archive/entry.ts'
import { orderKey } from '#lib/archive/path-order.ts'
import { AppError } from '#lib/errors.ts'
import { type EntryPart, readEntryPart } from './entry-part.ts'
import type { OpenedBackup } from './open-backup.ts'

/** Parts of the list of entries that were read, the least recently used dropped first. Each is about 4 MiB. */
export class EntryPartCache {
  readonly #capacity: number
  readonly #parts = new Map<string, Promise<EntryPart>>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get(name: string, read: () => Promise<EntryPart>): Promise<EntryPart> {
    const found = this.#parts.get(name) ?? read()
    this.#parts.delete(name)
    this.#parts.set(name, found)
    found.catch(() => {
      if (this.#parts.get(name) === found) this.#parts.delete(name)
    })
    for (const oldest of this.#parts.keys()) {
      if (this.#parts.size <= this.#capacity) break
      this.#parts.delete(oldest)
    }
    return found
  }
}

/**
 * Finds its way in the list of entries and reads only the parts that it needs: by the first paths that the manifest
 * names, or, where an older manifest names none, by looking into the parts. Throws as `readPart` does.
 */
export class EntryIndex {
  readonly #backup: OpenedBackup
  readonly #cache: EntryPartCache
  readonly #name: string

  /** @param name what the backup's parts are called in the cache; no two backups may share one */
  constructor(backup: OpenedBackup, cache = new EntryPartCache(2), name = backup.identity.backup) {
    this.#backup = backup
    this.#cache = cache
    this.#name = name
  }

  get parts(): number {
    return this.#backup.manifest.entries.length
  }

  part(index: number): Promise<EntryPart> {
    return this.#cache.get(`${this.#name}/${index}`, () => readEntryPart(this.#backup, index))
  }

  /** Everything from the first path with at least this key on, in order. */
  async *from(key: string): AsyncGenerator<Entry | SkippedItem> {
    const first = await this.partOf(key)
    let last = ''
    for (let index = first; index < this.parts; index += 1) {
      const part = await this.part(index)
      for (let line = index === first ? part.seek(key) : 0; line < part.length; line += 1) {
        const item = part.at(line)
        const next = orderKey(item.path)
        if (next < last) throw this.#disorder(item.path)
        last = next
        yield item
      }
    }
  }

  /** What has exactly this path: the entry, if there is one, rather than a word on why it was skipped. */
  async find(path: BytePath): Promise<Entry | SkippedItem | undefined> {
    for await (const item of this.from(orderKey(path))) return item.path === path ? item : undefined
    return undefined
  }

  /** The file that a hard link of the backup is another name of. @throws AppError `integrity` when there is none */
  async fileOf({ path, target = '' }: Entry): Promise<Entry> {
    const file = await this.find(target)
    if (file?.type === 'file') return file
    const { backup } = this.#backup.identity
    const message = `Backup ${backup} holds “${displayPath(path)}”, a hard link to what is no file of it.`
    throw new AppError('integrity', message)
  }

  /** The last part that begins before this key: nothing with at least this key comes before it. */
  async partOf(key: string): Promise<number> {
    let [low, high] = [0, this.parts - 1]
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((await this.#firstKey(middle)) < key) low = middle
      else high = middle - 1
    }
    return Math.max(low, 0)
  }

  async #firstKey(index: number): Promise<string> {
    const first = this.#backup.manifest.entries[index]?.first
    return orderKey(first ?? (await this.part(index)).at(0).path)
  }

  #disorder(path: BytePath): AppError {
    const { backup } = this.#backup.identity
    return new AppError('integrity', `The entry lists of backup ${backup} are out of order at "${displayPath(path)}".`)
  }
}
