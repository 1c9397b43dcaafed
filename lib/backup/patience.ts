import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '#lib/errors.ts'

/** How often something is tried, and how long is waited in between: twice as long each time, by chance up to half less. */
export interface Patience {
  readonly tries: number
  readonly firstDelayMs: number
  readonly longestDelayMs: number
}

/** About two minutes, on top of what the AWS SDK tries by itself. */
export const patient: Patience = { tries: 8, firstDelayMs: 500, longestDelayMs: 30_000 }

/** Runs until it succeeds, fails for good (an error that is not retryable) or has failed too often. */
export async function patiently<T>(
  run: () => Promise<T>,
  { tries, firstDelayMs, longestDelayMs }: Patience,
  signal: AbortSignal,
  onRetry: (error: AppError) => void = () => {},
): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await run()
    } catch (error) {
      if (signal.aborted || !(error instanceof AppError) || !error.retryable || tried >= tries) throw error
      onRetry(error)
    }
    const longest = Math.min(longestDelayMs, firstDelayMs * 2 ** (tried - 1))
    await sleep(longest * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}
