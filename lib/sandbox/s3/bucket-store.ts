import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { AwsError } from '../aws-error.ts'
import { syncFolder, writeDurably } from '../durable-file.ts'
import { ObjectIndex } from './object-index.ts'
import type { ObjectVersion, Retention } from './object-version.ts'

/** What `bucket.json` keeps. */
export interface BucketSettings {
  name: string
  region: string
  /** Account ID. */
  owner: string
  /** Milliseconds. */
  created: number
  versioning?: 'Enabled' | 'Suspended'
  objectLock?: { days?: number; years?: number; mode?: Retention['mode'] }
  /** JSON */
  policy?: string
  publicAccessBlock?: Record<string, boolean>
  encryption?: { algorithm: 'AES256' | 'aws:kms' | 'aws:kms:dsse'; keyId?: string; bucketKey: boolean }
  /** XML, kept as it came. */
  lifecycle?: string
  tags?: Record<string, string>
}

/** A folder: `bucket.json`, `index.ndjson`, `objects/` with the data, `incoming/` with what has not arrived yet, `uploads/`. */
export class Bucket {
  readonly settings: BucketSettings
  readonly folder: string
  /** Bytes of the parts of uploads under way. */
  partBytes = 0
  #index: ObjectIndex | undefined
  readonly #readers = new Map<string, number>()
  readonly #retired = new Set<string>()

  constructor(folder: string, settings: BucketSettings) {
    this.folder = folder
    this.settings = settings
  }

  get name(): string {
    return this.settings.name
  }

  get arn(): string {
    return `arn:aws:s3:::${this.settings.name}`
  }

  get objectsFolder(): string {
    return join(this.folder, 'objects')
  }

  get incomingFolder(): string {
    return join(this.folder, 'incoming')
  }

  get uploadsFolder(): string {
    return join(this.folder, 'uploads')
  }

  /** Read at first use, so that a start does not wait for every bucket. */
  get index(): ObjectIndex {
    if (!this.#index) {
      this.#index = new ObjectIndex(join(this.folder, 'index.ndjson'), this.objectsFolder)
      this.#sweep(this.#index)
    }
    return this.#index
  }

  save(): void {
    writeDurably(join(this.folder, 'bucket.json'), `${JSON.stringify(this.settings, null, 2)}\n`)
  }

  /** Keeps the version's files while somebody reads them; call the answer when done. */
  hold(version: ObjectVersion): () => void {
    for (const { name } of version.files) this.#readers.set(name, (this.#readers.get(name) ?? 0) + 1)
    let held = true
    return () => {
      if (!held) return
      held = false
      for (const { name } of version.files) {
        const left = (this.#readers.get(name) ?? 1) - 1
        if (left > 0) this.#readers.set(name, left)
        else this.#readers.delete(name)
        if (left === 0 && this.#retired.delete(name)) void this.#unlink(name)
      }
    }
  }

  /** Removes the data of a version that the index no longer names. */
  async retire(version: ObjectVersion | undefined): Promise<void> {
    for (const { name } of version?.files ?? []) {
      if (this.#readers.has(name)) this.#retired.add(name)
      else await this.#unlink(name)
    }
  }

  async empty(): Promise<void> {
    const versions = [...this.index.all()]
    await Promise.all(versions.map(({ key, versionId }) => this.index.remove(key, versionId)))
    for (const version of versions) await this.retire(version)
    rmSync(this.uploadsFolder, { recursive: true, force: true })
    mkdirSync(this.uploadsFolder, { mode: 0o700 })
    this.partBytes = 0
  }

  async close(): Promise<void> {
    await this.#index?.close()
    this.#index = undefined
  }

  async #unlink(name: string): Promise<void> {
    // Left behind, it is swept at the next start.
    await unlink(join(this.objectsFolder, name)).catch(() => {})
  }

  /** What a crash left: bodies that never arrived, and data that a journal line has since let go. */
  #sweep(index: ObjectIndex): void {
    rmSync(this.incomingFolder, { recursive: true, force: true })
    for (const folder of [this.objectsFolder, this.incomingFolder, this.uploadsFolder]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
    }
    const named = new Set<string>()
    for (const version of index.all()) for (const { name } of version.files) named.add(name)
    for (const name of readdirSync(this.objectsFolder)) {
      if (!named.has(name)) rmSync(join(this.objectsFolder, name))
    }
    const parts = readdirSync(this.uploadsFolder, { recursive: true, encoding: 'utf8' })
    this.partBytes = parts.reduce((sum, path) => sum + statSync(join(this.uploadsFolder, path)).size, 0)
  }
}

/** Every bucket of every account: their names share one space, as in AWS. */
export class BucketStore {
  readonly #folder: string
  readonly #buckets = new Map<string, Bucket>()
  /** Bytes that all objects and parts together may take. */
  readonly capacity: number
  /** A bucket that a rehearsal has made disappear, with all that is in it. */
  hidden: string | undefined
  /** Bytes of uploads under way, so that many at once cannot pass the cap together. */
  reserved = 0

  constructor(dataDir: string, capacity: number) {
    this.capacity = capacity
    this.#folder = join(dataDir, 's3')
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    for (const name of readdirSync(this.#folder)) {
      const path = join(this.#folder, name, 'bucket.json')
      if (!existsSync(path)) continue
      const settings: BucketSettings = JSON.parse(readFileSync(path, 'utf8'))
      this.#buckets.set(name, new Bucket(join(this.#folder, name), settings))
    }
  }

  /** Throws AwsError 507 when so many bytes more would pass the limit. */
  mustHaveRoom(bytes: number): void {
    if (this.bytes + this.reserved + bytes <= this.capacity) return
    const message = `The sandbox keeps at most ${this.capacity.toLocaleString('en')} bytes of objects.`
    throw new AwsError('InsufficientCapacity', message, 507)
  }

  get(name: string): Bucket | undefined {
    return name === this.hidden ? undefined : this.#buckets.get(name)
  }

  /** By name. */
  all(): Bucket[] {
    const visible = [...this.#buckets.values()].filter(({ name }) => name !== this.hidden)
    return visible.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  create(settings: BucketSettings): Bucket {
    const folder = join(this.#folder, settings.name)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const bucket = new Bucket(folder, settings)
    bucket.save()
    syncFolder(this.#folder)
    this.#buckets.set(settings.name, bucket)
    return bucket
  }

  async delete(bucket: Bucket): Promise<void> {
    this.#buckets.delete(bucket.name)
    await bucket.close()
    rmSync(bucket.folder, { recursive: true, force: true })
  }

  /** Removes every object, locked or not, and every upload; buckets and their settings stay. */
  async empty(): Promise<void> {
    for (const bucket of this.#buckets.values()) await bucket.empty()
  }

  /** Bytes of every version of every object and of every part. */
  get bytes(): number {
    let sum = 0
    for (const bucket of this.#buckets.values()) sum += bucket.index.bytes + bucket.partBytes
    return sum
  }

  async close(): Promise<void> {
    await Promise.all([...this.#buckets.values()].map((bucket) => bucket.close()))
  }
}
