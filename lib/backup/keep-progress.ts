import { Cancelled, LostClaim, type WatchedClaim, watchClaim } from '#lib/jobs/attempt.ts'
import { type Counts, nothingYet } from './progress-schema.ts'
import { addToCourse } from './throughput-course.ts'

const everyMs = 400
/** With nothing new it still asks so often whether the row is this worker's, and whether somebody wants it to stop. */
const askMs = 1200

/** `lost`: another attempt has taken the row over. `cancelled`: somebody asked for an end. */
export type Standing = 'mine' | 'lost' | 'cancelled'

export interface KeptProgress extends WatchedClaim {
  latest(): Counts
  report(progress: Partial<Counts>): void
}

/**
 * Writes progress to the row now and then, and notices when the row is not this worker's any more or was cancelled.
 * @param write stores the progress and says how the row stands; true is `mine`, false is `lost`
 * @param before where an earlier attempt stood, until this one reports
 * @returns a signal that aborts when the given one does, with `LostClaim` or with `Cancelled`
 */
export function keepProgress(
  write: (progress: Counts) => Promise<boolean | Standing>,
  outer: AbortSignal,
  before: Counts = nothingYet,
): KeptProgress {
  let latest = before
  let changed = false
  // Not by the clock of this machine: put back, nobody would be heard for as long.
  let wroteAt = performance.now()
  const { signal, stop } = watchClaim('progress', everyMs, outer, async () => {
    if (!changed && performance.now() - wroteAt < askMs) return undefined
    changed = false
    wroteAt = performance.now()
    latest = { ...latest, samples: addToCourse(latest.samples, { at: Date.now(), bytes: latest.bytesDone }) }
    const standing = await write(latest)
    if (standing === 'cancelled') return new Cancelled()
    return standing === 'lost' || standing === false ? new LostClaim() : undefined
  })
  return {
    signal,
    stop,
    latest: () => latest,
    report(progress) {
      latest = { ...latest, ...progress }
      changed = true
    },
  }
}
