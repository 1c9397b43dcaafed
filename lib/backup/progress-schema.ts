import { z } from 'zod'
import type { BackupState, WaitingFor } from './schema.ts'

/** How many bytes were done when: milliseconds since 1970. */
const sampleSchema = z.object({ at: z.number(), bytes: z.number() })
export type Sample = z.infer<typeof sampleSchema>

/** How far a backup or restore is. Sizes in bytes. */
export const countsSchema = z.object({
  bytesDone: z.number(),
  /** Those of them that an earlier attempt had finished: they say nothing of how fast this one is. */
  bytesTaken: z.number().default(0),
  /** Null until the source has been counted. */
  bytesTotal: z.number().nullable(),
  bytesStored: z.number(),
  filesDone: z.number(),
  filesTotal: z.number().nullable(),
  currentPath: z.string().nullable(),
  /** The course of this attempt so far. */
  samples: z.array(sampleSchema).readonly().default([]),
})
export type Counts = z.infer<typeof countsSchema>

export const nothingYet: Counts = {
  bytesDone: 0,
  bytesTaken: 0,
  bytesTotal: null,
  bytesStored: 0,
  filesDone: 0,
  filesTotal: null,
  currentPath: null,
  samples: [],
}

const keptSchema = z.object({ kept: z.number() })

/** How many files and links a restore that has ended kept, by what is stored of its progress. */
export function keptIn(progress: unknown): number {
  return keptSchema.catch({ kept: 0 }).parse(progress).kept
}

/** What a watcher sees of a running backup or restore. */
export interface Progress extends Counts {
  readonly state: BackupState
  /** ISO 8601, UTC. */
  readonly startedAt: string | null
  readonly finishedAt: string | null
  readonly error: string | null
  /** Waiting: for what, and when it is tried again. */
  readonly waitingFor: WaitingFor | null
  readonly nextTryAt: string | null
}
