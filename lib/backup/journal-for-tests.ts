import type { Journal, SealedCheckpoint } from './journal.ts'
import { partName } from './layout.ts'
import type { Part } from './manifest.ts'

/** A journal that lives as long as the test. What it holds can be looked at, and damaged, directly. */
export class MemoryJournal implements Journal {
  readonly parts = new Map<string, Part>()
  readonly checkpoints = new Map<number, SealedCheckpoint>()
  cleared = 0

  async read() {
    const checkpoints = [...this.checkpoints.values()].sort((a, b) => a.segments - b.segments)
    return { parts: [...this.parts.values()], checkpoints }
  }

  async add(parts: readonly Part[], checkpoint?: SealedCheckpoint) {
    for (const part of parts) this.parts.set(partName({ ...part.place, attempt: 1 }), part)
    if (checkpoint) this.checkpoints.set(checkpoint.segments, checkpoint)
  }

  async clear() {
    this.cleared += 1
    this.parts.clear()
    this.checkpoints.clear()
  }
}
