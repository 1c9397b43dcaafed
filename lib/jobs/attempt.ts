import { messageOf } from '#lib/errors.ts'
import { log } from '#lib/log.ts'

// A worker runs a job as an attempt of its row. An attempt that was thought dead and wakes up finds the row with another
// number, and stops.

/** The reason of an attempt's signal when another attempt has its row. */
export class LostClaim extends Error {
  override readonly name = 'LostClaim'

  constructor() {
    super('Another worker has taken this over.')
  }
}

/** The reason of an attempt's signal when somebody cancelled the work. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled'

  constructor() {
    super('It was cancelled.')
  }
}

export interface WatchedClaim {
  /** Aborts when the worker stops, or with what `ask` resolved to. */
  readonly signal: AbortSignal
  /** After this nothing is asked any more. */
  stop(): Promise<void>
}

/** The row of an attempt, as the log calls it. */
export interface AttemptRow {
  /** Such as `backup`. */
  readonly part: string
  readonly id: string
}

/** With nothing new it is still asked so often whether the row is this worker's, and whether somebody wants it to stop. */
const askMs = 1200

/**
 * Asks again and again how the row of an attempt stands, one question at a time.
 * @param ask resolves to why the work is to end; undefined: it goes on. Of what it throws, each cause is logged once until it answers.
 * @param hasNews whether there is anything to write to the row. Absent: there always is.
 */
export function watchClaim(
  { part, id }: AttemptRow,
  everyMs: number,
  outer: AbortSignal,
  ask: () => Promise<Error | undefined>,
  hasNews = () => true,
): WatchedClaim {
  const ended = new AbortController()
  let asking: Promise<void> | undefined
  const told = new Set<string>()
  // Not by the clock of this machine: put back, nobody would be heard for as long.
  let askedAt = performance.now()
  const look = async () => {
    askedAt = performance.now()
    try {
      const reason = await ask()
      told.clear()
      if (reason) ended.abort(reason)
    } catch (error) {
      // The work itself will meet the same trouble; a lost line of progress is not worth stopping it.
      const cause = messageOf(error)
      if (!told.has(cause)) log('warning', part, cause, { [part]: id })
      told.add(cause)
    }
  }
  const timer = setInterval(() => {
    if (!hasNews() && performance.now() - askedAt < askMs) return
    asking ??= look().finally(() => {
      asking = undefined
    })
  }, everyMs)
  return {
    signal: AbortSignal.any([outer, ended.signal]),
    async stop() {
      clearInterval(timer)
      await asking
    },
  }
}
