import { messageOf } from '#lib/errors.ts'
import { log } from '#lib/log.ts'

// A worker runs a job as an attempt of its row. An attempt that was thought dead and wakes up finds the row with another
// number, and stops.

/** The reason of an attempt's signal when another attempt has its row. */
export class LostClaim extends Error {
  constructor() {
    super('Another worker has taken this over.')
  }
}

/** The reason of an attempt's signal when somebody cancelled the work. */
export class Cancelled extends Error {
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

/**
 * Asks again and again how the row of an attempt stands, one question at a time.
 * @param part what the log calls it
 * @param ask resolves to why the work is to end; undefined: it goes on. What it throws is logged, and it is asked again.
 */
export function watchClaim(
  part: string,
  everyMs: number,
  outer: AbortSignal,
  ask: () => Promise<Error | undefined>,
): WatchedClaim {
  const ended = new AbortController()
  let asking: Promise<void> | undefined
  const look = async () => {
    try {
      const reason = await ask()
      if (reason) ended.abort(reason)
    } catch (error) {
      // The work itself will meet the same trouble; a lost line of progress is not worth stopping it.
      log('warning', part, messageOf(error))
    }
  }
  const timer = setInterval(() => {
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
