import type { ObjectStore } from '#lib/storage/object-store.ts'
import { type Codec, sha256Of } from './codec.ts'
import { type BackupIdentity, partContext } from './context.ts'
import { backupFolder, type PartPlace, partName } from './layout.ts'
import type { Part } from './manifest.ts'
import { Slots } from './slots.ts'

/** Seals and stores the parts of a backup, a few at a time. After the first failure nothing more is begun. */
export class PartWriter {
  readonly parts: Part[] = []
  storedBytes = 0
  readonly #store: ObjectStore
  readonly #codec: Codec
  readonly #identity: BackupIdentity
  readonly #slots: Slots
  readonly #failure = new AbortController()
  /** Memory of stored objects, for the next ones: as much as ever was under way at once. */
  readonly #reusable: Buffer[] = []
  readonly #running = new Set<Promise<void>>()

  constructor(store: ObjectStore, codec: Codec, identity: BackupIdentity, inFlight: number) {
    this.#store = store
    this.#codec = codec
    this.#identity = identity
    this.#slots = new Slots(inFlight)
  }

  /** Aborted, with the error as its reason, by the first failure. */
  get failed(): AbortSignal {
    return this.#failure.signal
  }

  /** Resolves when the part is under way. `release` is called once `content` is no longer needed. */
  async add(place: PartPlace, content: Buffer, release: () => void = () => {}): Promise<void> {
    await this.#slots.take()
    const work = this.#write(place, content, release)
      .catch((error: unknown) => this.#failure.abort(error))
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
    let object: Buffer
    const length = content.length
    try {
      this.#failure.signal.throwIfAborted()
      object = await this.#codec.seal(content, partContext(this.#identity, place), this.#reusable.pop())
    } finally {
      release()
    }
    const sha256 = sha256Of(object)
    await this.#store.create(backupFolder(this.#identity) + partName(place), object)
    this.#reusable.push(Buffer.from(object.buffer))
    this.storedBytes += object.length
    this.parts.push({ place, size: object.length, sha256, length })
  }
}
