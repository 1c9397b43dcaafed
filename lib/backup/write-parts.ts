import { passedThrough } from '#lib/free-now.ts'
import { giveShared, takeShared } from '#lib/shared-memory.ts'
import type { ObjectStore } from '#lib/storage/object-store.ts'
import { type Codec, sha256Of } from './codec.ts'
import { type BackupIdentity, partContext } from './encryption-context.ts'
import { backupFolder, type PartPlace, partName } from './layout.ts'
import type { Part } from './manifest.ts'
import { type Patience, patiently } from './patience.ts'
import { Slots } from './slots.ts'

/** More than sealing adds to content that does not compress. */
const SEALING = 64 * 1024

export interface PartWriterOptions {
  readonly store: ObjectStore
  readonly codec: Codec
  readonly identity: BackupIdentity
  /** Parts being sealed or stored at once. */
  readonly inFlight: number
  readonly patience: Patience
  /** Stored by earlier attempts. */
  readonly earlier: readonly Part[]
  /** Resolves when this part may be sent. */
  readonly mayStore?: (place: PartPlace) => Promise<void>
  readonly onStored?: (part: Part) => void
  readonly signal: AbortSignal | undefined
}

/** Seals and stores the parts of a backup, a few at a time. After the first failure nothing more is begun. */
export class PartWriter {
  readonly parts: Part[]
  storedBytes: number
  retries = 0
  readonly #options: PartWriterOptions
  readonly #slots: Slots
  readonly #failure = new AbortController()
  readonly #stop: AbortSignal
  readonly #running = new Set<Promise<void>>()

  constructor(options: PartWriterOptions) {
    const { inFlight, earlier, signal } = options
    this.#options = options
    this.#slots = new Slots(inFlight)
    this.#stop = signal ? AbortSignal.any([signal, this.#failure.signal]) : this.#failure.signal
    this.parts = [...earlier]
    this.storedBytes = earlier.reduce((sum, { size }) => sum + size, 0)
  }

  /** Aborted when nothing more is to be begun: told so from outside, or by the first failure, with that error. */
  get stopped(): AbortSignal {
    return this.#stop
  }

  fail(error: unknown): void {
    this.#failure.abort(error)
  }

  /** Resolves when the part is under way. `release` is called once `content` is no longer needed. */
  async add(place: PartPlace, content: Buffer, release: () => void = () => {}): Promise<void> {
    await this.#slots.take()
    const work = this.#write(place, content, release)
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.#running.delete(work)
        this.#slots.give()
      })
    this.#running.add(work)
  }

  /** Waits until nothing is under way any more. */
  async settle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  async #write(place: PartPlace, content: Buffer, release: () => void): Promise<void> {
    const { store, codec, identity, patience, mayStore, onStored } = this.#options
    const signal = this.#stop
    let object: Buffer
    let memory: Buffer | undefined
    const length = content.length
    try {
      signal.throwIfAborted()
      memory = place.kind === 'segment' ? takeShared(length + SEALING) : undefined
      object = await codec.seal(content, partContext(identity, place), memory)
    } finally {
      release()
    }
    const sha256 = sha256Of(object)
    await mayStore?.(place)
    signal.throwIfAborted()
    const send = () => store.create(backupFolder(identity) + partName(place), object, { sha256, signal })
    await patiently(send, patience, signal, () => (this.retries += 1))
    const part = { place, size: object.length, sha256, length }
    if (memory) giveShared(memory)
    this.storedBytes += part.size
    this.parts.push(part)
    onStored?.(part)
    passedThrough(length + part.size)
  }
}
