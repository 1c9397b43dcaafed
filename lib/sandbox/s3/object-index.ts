import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { writeDurably } from '../durable-file.ts'
import { lowerBound } from './key-order.ts'
import type { ObjectVersion } from './object-version.ts'

/** A line of the journal. `put` makes a version the newest of its key, `change` replaces one in place. */
type Entry = { put: ObjectVersion } | { change: ObjectVersion } | { remove: { key: string; versionId: string } }

/**
 * What a bucket holds: in memory, and as a journal of JSON lines that is the only commit point. A file in `objects/`
 * that no line names never arrived. Lines that come in together share one flush to disk.
 */
export class ObjectIndex {
  readonly #path: string
  readonly #objectsFolder: string
  readonly #versions = new Map<string, ObjectVersion[]>()
  #keys: string[] = []
  #bytes = 0
  #queue: string[] = []
  #running: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined
  #file: FileHandle | undefined

  constructor(path: string, objectsFolder: string) {
    this.#path = path
    this.#objectsFolder = objectsFolder
    if (existsSync(path)) this.#load()
  }

  /** In UTF-8 order; keys whose newest version is a delete marker are among them. */
  get keys(): readonly string[] {
    return this.#keys
  }

  /** Of every version. */
  get bytes(): number {
    return this.#bytes
  }

  /** Versions, delete markers among them. */
  get count(): number {
    let count = 0
    for (const versions of this.#versions.values()) count += versions.length
    return count
  }

  /** Newest first. */
  versions(key: string): readonly ObjectVersion[] {
    return this.#versions.get(key) ?? []
  }

  *all(): Iterable<ObjectVersion> {
    for (const versions of this.#versions.values()) yield* versions
  }

  /** Visible at once, durable when the promise settles. A version of the same ID goes. */
  put(version: ObjectVersion): Promise<void> {
    return this.#commit({ put: version })
  }

  /** Same version, other retention, tags or hold. */
  change(version: ObjectVersion): Promise<void> {
    return this.#commit({ change: version })
  }

  remove(key: string, versionId: string): Promise<void> {
    return this.#commit({ remove: { key, versionId } })
  }

  async close(): Promise<void> {
    await (this.#next ?? this.#running)
    await this.#file?.close()
    this.#file = undefined
  }

  #commit(entry: Entry): Promise<void> {
    this.#apply(entry)
    this.#queue.push(`${JSON.stringify(entry)}\n`)
    this.#next ??= this.#running.then(() => this.#flush())
    return this.#next
  }

  async #flush(): Promise<void> {
    const lines = this.#queue.join('')
    this.#queue = []
    const work = this.#write(lines)
    this.#running = work.catch(() => {})
    this.#next = undefined
    await work
  }

  async #write(lines: string): Promise<void> {
    // The files that these lines name must be in their folder for good before the lines are.
    const folder = await open(this.#objectsFolder, 'r')
    await folder.sync().finally(() => folder.close())
    this.#file ??= await open(this.#path, 'a', 0o600)
    await this.#file.appendFile(lines)
    await this.#file.datasync()
  }

  #apply(entry: Entry): void {
    if ('remove' in entry) {
      this.#drop(entry.remove.key, entry.remove.versionId)
      return
    }
    const version = 'put' in entry ? entry.put : entry.change
    const known = this.#versions.get(version.key)
    if ('change' in entry) {
      const at = known?.findIndex((other) => other.versionId === version.versionId) ?? -1
      if (known && at >= 0) known[at] = version
      return
    }
    this.#bytes += version.size
    if (!known) {
      this.#versions.set(version.key, [version])
      const at = lowerBound(this.#keys, version.key)
      if (at === this.#keys.length) this.#keys.push(version.key)
      else this.#keys.splice(at, 0, version.key)
      return
    }
    const same = known.findIndex((other) => other.versionId === version.versionId)
    if (same >= 0) this.#bytes -= known.splice(same, 1)[0]?.size ?? 0
    known.unshift(version)
  }

  #drop(key: string, versionId: string): void {
    const known = this.#versions.get(key)
    const at = known?.findIndex((version) => version.versionId === versionId) ?? -1
    if (!known || at < 0) return
    this.#bytes -= known.splice(at, 1)[0]?.size ?? 0
    if (known.length > 0) return
    this.#versions.delete(key)
    const place = lowerBound(this.#keys, key)
    if (this.#keys[place] === key) this.#keys.splice(place, 1)
  }

  #load(): void {
    const text = readFileSync(this.#path, 'utf8')
    const end = text.lastIndexOf('\n') + 1
    // A crash can leave half a line, which nobody was told about.
    if (end < text.length) truncateSync(this.#path, Buffer.byteLength(text.slice(0, end)))
    const lines = text.slice(0, end).split('\n').slice(0, -1)
    for (const line of lines) {
      const entry: Entry = JSON.parse(line)
      this.#apply(entry)
    }
    const live = [...this.all()].length
    if (lines.length > 2 * live + 1000) this.#compact()
    const file = openSync(this.#path, 'r+')
    fsyncSync(file)
    closeSync(file)
  }

  #compact(): void {
    const lines = this.#keys.flatMap((key) => {
      return this.versions(key)
        .toReversed()
        .map((version) => `${JSON.stringify({ put: version })}\n`)
    })
    writeDurably(this.#path, lines.join(''))
  }
}
