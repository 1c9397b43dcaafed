import { setTimeout as delay } from 'node:timers/promises'
import { AppError, isDatabaseError, messageOf } from '#lib/errors.ts'

/** The console starts its database again by itself; this is how long that may take. */
const patienceMs = 60_000

/**
 * Asks the database again and again while it is away.
 * @param options.onAway before each wait; what it throws ends it
 * @param options.goesOn a sentence for whoever is told that nobody waits any more: what becomes of the work
 * @throws AppError `unreachable` when it has been away for too long, and whatever is not the database's
 */
export async function askPatiently<T>(
  ask: () => Promise<T>,
  options: { readonly onAway: () => void; readonly goesOn: string; readonly patienceMs?: number },
): Promise<T> {
  let since: number | undefined
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!isDatabaseError(error)) throw error
      // Since the first refusal, not the last answer: over a line that was cut the refusal itself takes a while.
      since ??= performance.now()
      if (performance.now() - since > (options.patienceMs ?? patienceMs))
        throw new AppError('unreachable', messageOf(error), { cause: error, fix: options.goesOn })
      options.onAway()
      await delay(1_000)
    }
  }
}
