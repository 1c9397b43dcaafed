import 'server-only'
import { setTimeout as delay } from 'node:timers/promises'
import { shuttingDown } from './shutdown.ts'

const everyMs = 500
/**
 * Over HTTP/1.1 a browser keeps six connections to one host for all its windows, and a stream holds one for as long as it
 * is open. So it ends soon, and who watches asks again a second later: what else was asked for gets its turn between.
 */
const longestMs = 3000

/** Server-sent events: what `read` gives, at once and each time that it has changed. */
export function eventStream(request: Request, read: () => Promise<unknown>): Response {
  const signal = AbortSignal.any([request.signal, shuttingDown])
  const encoder = new TextEncoder()
  async function* events() {
    const until = performance.now() + longestMs
    let last: string | undefined
    do {
      const data = JSON.stringify(await read())
      if (data !== last) yield encoder.encode(`data: ${data}\n\n`)
      last = data
      await delay(everyMs, undefined, { signal }).catch(() => {})
    } while (!signal.aborted && performance.now() < until)
  }
  const source = events()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await source.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await source.return()
    },
  })
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    },
  })
}
