import { AppError } from '#lib/errors.ts'

/** A sender that is silent for this long has gone. */
const silenceMs = 120_000

/**
 * The bytes of a request, as they come. Stopping early does not close the connection, so that the answer still gets
 * through. Throws AppError `unavailable` when the sender stopped, and the signal's reason where that is an AppError.
 */
export async function* bytesOf(
  body: ReadableStream<Uint8Array> | null,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (!body) return
  const reader = body.getReader()
  let reading = false
  let stopped: unknown
  const stop = (reason: unknown) => {
    stopped ??= reason
    reader.cancel().catch(() => {})
  }
  const leave = () => stop(signal.reason)
  const timer = setTimeout(() => reading && stop(new Error('silence')), silenceMs)
  signal.addEventListener('abort', leave, { once: true })
  try {
    for (;;) {
      signal.throwIfAborted()
      reading = true
      timer.refresh()
      const { value, done } = await reader.read()
      reading = false
      if (stopped !== undefined) throw stopped
      if (done) return
      if (value.length > 0) yield value
    }
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw new AppError(
      'unavailable',
      'The upload ended before everything had arrived: the sender stopped, or the connection was lost.',
      { cause, fix: 'Nothing of it was kept. Send it again.' },
    )
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', leave)
  }
}
