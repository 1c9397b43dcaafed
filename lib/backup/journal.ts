import type { Part } from './manifest.ts'

/**
 * What a backup under way has finished, kept where it outlives the worker. The parts are in the clear; a checkpoint is
 * sealed under the backup key and says how to go on after the segments before it.
 */
export interface Journal {
  read(): Promise<JournalContent>
  /** Adds in one step; a part takes the place of one of the same kind and index. Throws AppError `conflict` when the backup is another attempt's by now. */
  add(parts: readonly Part[], checkpoint?: SealedCheckpoint): Promise<void>
  /** Forgets everything: the backup begins anew. Throws as `add` does. */
  clear(): Promise<void>
}

export interface JournalContent {
  readonly parts: readonly Part[]
  /** In the order of `segments`. */
  readonly checkpoints: readonly SealedCheckpoint[]
}

export interface SealedCheckpoint {
  /** How many segments are finished. */
  readonly segments: number
  readonly sealed: Uint8Array
}
