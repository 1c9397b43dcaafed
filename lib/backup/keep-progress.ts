import { AppError, messageOf } from '#lib/errors.ts'
import { log } from '#lib/log.ts'
import { type Counts, nothingYet } from './progress-schema.ts'
import { addToCourse } from './throughput-course.ts'

const everyMs = 400
/** With nothing new it still asks so often whether the row is this worker's, and whether somebody wants it to stop. */
const askMs = 1200

/** `lost`: another attempt has taken the row over. `cancelled`: somebody asked for an end. */
export type Standing = 'mine' | 'lost' | 'cancelled'

/** The reason of the signal when somebody cancelled the work. */
export class Cancelled extends AppError {
  constructor() {
    super('conflict', 'It was cancelled.')
  }
}

/** The reason of the signal when another attempt has the row. */
export class LostClaim extends AppError {
  constructor() {
    super('conflict', 'Another worker has taken this over.')
  }
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
) {
  const ended = new AbortController()
  let latest = before
  let changed = false
  let wroteAt = Date.now()
  let writing: Promise<void> | undefined
  const flush = async () => {
    changed = false
    wroteAt = Date.now()
    latest = { ...latest, samples: addToCourse(latest.samples, { at: wroteAt, bytes: latest.bytesDone }) }
    try {
      const standing = await write(latest)
      if (standing === 'cancelled') ended.abort(new Cancelled())
      else if (standing === 'lost' || standing === false) ended.abort(new LostClaim())
    } catch (error) {
      // The work itself will meet the same trouble; a lost progress line is not worth stopping it.
      log('warning', 'progress', messageOf(error))
    }
  }
  const timer = setInterval(() => {
    if (writing || !(changed || Date.now() - wroteAt >= askMs)) return
    writing = flush().finally(() => {
      writing = undefined
    })
  }, everyMs)
  return {
    signal: AbortSignal.any([outer, ended.signal]),
    latest: () => latest,
    report(progress: Partial<Counts>) {
      latest = { ...latest, ...progress }
      changed = true
    },
    /** After this nothing is written any more. */
    async stop() {
      clearInterval(timer)
      await writing
    },
  }
}
