import { type Checkpoint, encodeCheckpoint, PartsHash } from './checkpoint.ts'
import type { Codec } from './codec.ts'
import { type BackupIdentity, checkpointContext } from './encryption-context.ts'
import type { Journal } from './journal.ts'
import type { PartPlace } from './layout.ts'
import type { Part } from './manifest.ts'

/** How many segments may be sent beyond the last checkpoint: what an interruption can cost. */
const AHEAD = 2

export interface JournalWriterOptions {
  readonly journal: Journal
  readonly codec: Codec
  readonly identity: BackupIdentity
  /** Parts that an earlier attempt's checkpoint builds on. */
  readonly earlier: readonly Part[]
  readonly onError: (error: unknown) => void
}

/** Takes a checkpoint for every segment, once it and all before it are stored. */
export class JournalWriter {
  readonly #options: JournalWriterOptions
  readonly #hash = new PartsHash()
  /** Segments and parts of the entries that the hash holds: all of their kind up to here are stored. */
  readonly #through = { segment: 0, entries: 0 }
  readonly #stored = { segment: new Map<number, Part>(), entries: new Map<number, Part>() }
  readonly #due = new Map<number, Checkpoint>()
  #unwritten: Part[] = []
  /** Segments that the last checkpoint in the journal covers. */
  #kept: number
  #waiting: { readonly index: number; readonly go: () => void }[] = []
  #released = false
  #writing: Promise<void> | undefined
  /** Whether what is stored now will be looked at by whoever is writing. */
  #looking = false

  constructor(options: JournalWriterOptions) {
    this.#options = options
    for (const part of options.earlier) this.#count(part)
    this.#kept = this.#through.segment
  }

  /** What going on after the first `segments` segments takes. */
  expect(segments: number, checkpoint: Checkpoint): void {
    this.#due.set(segments, checkpoint)
  }

  /** Resolves when the part may be sent, or when nothing is to be waited for any more. */
  async mayStore({ kind, index }: PartPlace): Promise<void> {
    if (kind !== 'segment' || index < this.#kept + AHEAD || this.#released) return
    await new Promise<void>((go) => this.#waiting.push({ index, go }))
  }

  stored(part: Part): void {
    this.#stored[part.place.kind].set(part.place.index, part)
    this.#unwritten.push(part)
    if (this.#looking) return
    this.#looking = true
    this.#writing = this.#write().catch((error: unknown) => {
      this.#looking = false
      this.#options.onError(error)
    })
  }

  /** Lets go of whoever waits: nothing more will come. */
  release(): void {
    this.#released = true
    for (const { go } of this.#waiting.splice(0)) go()
  }

  async settle(): Promise<void> {
    do await this.#writing
    while (this.#looking)
  }

  async #write(): Promise<void> {
    const { journal, codec, identity } = this.#options
    for (;;) {
      const segments = this.#kept + 1
      const checkpoint = this.#due.get(segments)
      const { segment } = this.#stored
      if (!checkpoint || !segment.has(segments - 1) || !this.#has(checkpoint.entries.parts)) {
        // In the same step as the look: nothing may be stored in between.
        this.#looking = false
        return
      }
      this.#due.delete(segments)
      this.#advance('segment', segments)
      this.#advance('entries', checkpoint.entries.parts)
      const content = encodeCheckpoint(checkpoint, this.#hash.value)
      const parts = this.#unwritten
      this.#unwritten = []
      await journal.add(parts, { segments, sealed: await codec.seal(content, checkpointContext(identity, segments)) })
      this.#kept = segments
      const waiting = this.#waiting
      this.#waiting = []
      for (const { index, go } of waiting) {
        if (index < segments + AHEAD) go()
        else this.#waiting.push({ index, go })
      }
    }
  }

  #has(entryParts: number): boolean {
    for (let index = this.#through.entries; index < entryParts; index += 1)
      if (!this.#stored.entries.has(index)) return false
    return true
  }

  #advance(kind: 'segment' | 'entries', to: number): void {
    const stored = this.#stored[kind]
    for (let index = this.#through[kind]; index < to; index += 1) {
      const part = stored.get(index)
      if (part) this.#count(part)
      stored.delete(index)
    }
  }

  #count(part: Part): void {
    this.#hash.add(part)
    this.#through[part.place.kind] = part.place.index + 1
  }
}
