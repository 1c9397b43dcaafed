import 'server-only'

/**
 * An answer of JSON values, one a line, each sent as soon as it is there. `run` goes on to its end when the reader has
 * left: what it does must not depend on being watched.
 */
export function lineStream(run: (send: (value: unknown) => void) => Promise<void>): Response {
  const encoder = new TextEncoder()
  let open = true
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      await run((value) => {
        if (open) controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`))
      })
      if (open) controller.close()
    },
    cancel() {
      open = false
    },
  })
  return new Response(body, {
    headers: {
      'content-type': 'application/x-ndjson; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    },
  })
}
