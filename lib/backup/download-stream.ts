/**
 * A response's body, read only as it is taken. What fails breaks it off: whoever takes it sees that it is not whole.
 * @param first what `rest` gave first
 * @param signal the reader hung up, or the console stops
 * @param end called at least once, however it ends: also when nobody ever takes anything
 * @param failed is told why it breaks off, unless `signal` says so
 */
export function downloadStream(
  first: IteratorResult<Buffer, void>,
  rest: AsyncGenerator<Buffer, void>,
  signal: AbortSignal,
  end: () => void,
  failed: (error: unknown) => Promise<void>,
): ReadableStream<Uint8Array> {
  let next: IteratorResult<Buffer, void> | undefined = first
  const finish = () => {
    signal.removeEventListener('abort', stop)
    end()
  }
  const stop = async () => {
    finish()
    await rest.return(undefined).catch(() => {})
  }
  // Of a response whose reader hung up before it was there Next neither reads nor cancels the body.
  if (signal.aborted) void stop()
  else signal.addEventListener('abort', stop, { once: true })
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          signal.throwIfAborted()
          const { value, done } = next ?? (await rest.next())
          next = undefined
          if (done || !value) {
            finish()
            controller.close()
          } else controller.enqueue(value)
        } catch (error) {
          await stop()
          if (!signal.aborted) await failed(error).catch(() => {})
          controller.error(error)
        }
      },
      cancel: stop,
    },
    // Nothing is read before somebody takes it.
    { highWaterMark: 0 },
  )
}
