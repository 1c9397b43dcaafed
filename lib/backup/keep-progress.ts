import { type AttemptRow, Cancelled, LostClaim, type WatchedClaim, watchClaim } from '#lib/jobs/attempt.ts'
import { ownWork } from '#lib/jobs/time-left-schema.ts'
import { type Counts, nothingYet } from './progress-schema.ts'
import { addToCourse } from './throughput-course.ts'

const everyMs = 400

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
  row: AttemptRow,
  write: (progress: Counts) => Promise<boolean | Standing>,
  outer: AbortSignal,
  before: Counts = nothingYet,
): KeptProgress {
  // How fast an earlier attempt was, and how long it waited since, says nothing of this one.
  let latest: Counts = { ...before, samples: [] }
  // A clock that is set forward would make a long halt of it.
  const begun = Date.now() - performance.now()
  let changed = false
  const ask = async () => {
    changed = false
    latest = {
      ...latest,
      samples: addToCourse(latest.samples, { at: Math.round(begun + performance.now()), bytes: ownWork(latest).done }),
    }
    const standing = await write(latest)
    if (standing === 'cancelled') return new Cancelled()
    return standing === 'lost' || standing === false ? new LostClaim() : undefined
  }
  const { signal, stop } = watchClaim(row, everyMs, outer, ask, () => changed)
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
