import { createHash } from 'node:crypto'
import { AppError } from '#lib/errors.ts'
import type { LookOptions, ObjectStore, ReadOptions } from './object-store.ts'

/** An ObjectStore for tests. Its objects can be looked at, and damaged, directly. */
export class MemoryStore implements ObjectStore {
  readonly objects = new Map<string, Buffer>()

  async create(key: string, body: Uint8Array): Promise<void> {
    const existing = this.objects.get(key)
    if (existing && !existing.equals(body))
      throw new AppError('conflict', `The object ${key} exists with other content.`)
    if (!existing) this.objects.set(key, Buffer.from(body))
  }

  async replace(key: string, body: Uint8Array, over?: Uint8Array): Promise<void> {
    const existing = this.objects.get(key)
    if (over && !existing) throw new AppError('not-found', `The object ${key} does not exist.`)
    if (over && !existing?.equals(over) && !existing?.equals(body))
      throw new AppError('conflict', `The object ${key} is another one by now.`)
    this.objects.set(key, Buffer.from(body))
  }

  async read(key: string, maxBytes: number, { into, signal }: ReadOptions = {}): Promise<Uint8Array> {
    signal?.throwIfAborted()
    const object = this.objects.get(key)
    if (!object) throw new AppError('not-found', `The object ${key} does not exist.`)
    if (object.length > maxBytes)
      throw new AppError(
        'integrity',
        `The object ${key} has ${object.length} bytes, more than the ${maxBytes} expected.`,
      )
    if (!into || into.length < object.length) return Uint8Array.from(object)
    return into.subarray(0, object.copy(into))
  }

  async look(key: string, { signal }: LookOptions = {}) {
    signal?.throwIfAborted()
    const object = this.objects.get(key)
    return object && { size: object.length, sha256: createHash('sha256').update(object).digest('hex') }
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.objects.delete(key)
  }

  async *list(prefix: string, { signal }: LookOptions = {}) {
    signal?.throwIfAborted()
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix))
    keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    for (const key of keys) yield { key, size: this.objects.get(key)?.length ?? 0 }
  }
}
