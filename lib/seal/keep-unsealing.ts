import { setTimeout as delay } from 'node:timers/promises'
import { AppError, messageOf } from '#lib/errors.ts'
import { log } from '#lib/log.ts'

export interface SealedState {
  readonly since: Date
  readonly nextTryAt: Date
  readonly error: AppError
}

const firstMs = 1_000
/** Never further apart in the first ten minutes, and not much further later. */
const atMostMs = 15_000
const laterMs = 60_000
const eagerMs = 600_000

/** How long to wait before the try after this many, this long after the first. Milliseconds. */
export function pauseBeforeTry(tries: number, sealedMs: number): number {
  return Math.min(firstMs * 2 ** Math.min(tries, 20), sealedMs < eagerMs ? atMostMs : laterMs)
}

/**
 * Opens something that needs the seal, again and again until it opens.
 * @param onSealed told after each failed try; logs are written on change only
 * @throws anything but AppError `sealed`, at once
 */
export async function openWhenUnsealed<T>(
  open: () => Promise<T>,
  onSealed: (state: SealedState | undefined) => void,
  signal?: AbortSignal,
): Promise<T> {
  const since = new Date()
  let said: string | undefined
  for (let tries = 0; ; tries += 1) {
    try {
      const opened = await open()
      if (said !== undefined) log('info', 'seal', `Unsealed after ${tries} tries.`, now())
      onSealed(undefined)
      return opened
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'sealed') throw error
      const pause = pauseBeforeTry(tries, Date.now() - since.getTime())
      onSealed({ since, nextTryAt: new Date(Date.now() + pause), error })
      if (said !== error.message) log('error', 'seal', messageOf(error), now())
      said = error.message
      await delay(pause, undefined, signal ? { signal } : {})
    }
  }
}

/** Seals open and close while nobody looks: their lines say when. */
const now = () => ({ at: new Date().toISOString() })
