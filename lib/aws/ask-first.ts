import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { S3Client } from '@aws-sdk/client-s3'

/** Bytes of a body. Less is sent sooner than asked about. */
const worthAsking = 2 * 1024 * 1024
/** Who has not answered by then does not know of asking. As the AWS SDK waits at least. */
const answerWaitMs = 6_000

/**
 * For a client that never sends `Expect: 100-continue` by itself. With it the SDK asks whether a body is welcome, on a
 * new connection each time: over a distance that is most of the time of a segment. Without it a refusal may be lost,
 * because S3 answers and closes the connection while the body is still being sent. So the first try is sent at once, on
 * a connection that may be open already; if it fails, the next one asks first, and hears why.
 */
export function askFirstAfterFailure(s3: S3Client): void {
  s3.middlewareStack.add(
    (next) => {
      let tries = 0
      return async (args) => {
        tries += 1
        const { request } = args
        if (tries === 1 || !isLarge(request)) return next(args)
        // A copy: whoever tries again must find the bytes.
        const headers = { ...request.headers, Expect: '100-continue' }
        return next({ ...args, request: { ...request, headers, body: new WelcomedBody(request.body) } })
      }
    },
    // Inside of what tries again.
    { step: 'finalizeRequest', priority: 'low', name: 'askFirstAfterFailure' },
  )
}

/** The SDK pipes a stream into its request at once, and waits for no answer where it was given an agent. */
class WelcomedBody extends Readable {
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    super()
    this.#bytes = bytes
  }

  override pipe<T extends NodeJS.WritableStream>(request: T): T {
    let sent = false
    const send = () => {
      settled()
      if (!sent) request.end(this.#bytes)
      sent = true
    }
    const unanswered = setTimeout(send, answerWaitMs)
    const settled = () => clearTimeout(unanswered)
    request.once('continue', send)
    request.once('response', (response: IncomingMessage) => {
      settled()
      const { socket } = response
      // A request that stays unfinished would hold its connection for ever.
      if (!sent) response.once('close', () => socket.destroy())
    })
    for (const event of ['error', 'close']) request.once(event, settled)
    return request
  }
}

function isLarge(request: unknown): request is { headers: Record<string, string>; body: Uint8Array } {
  const { body, headers } = Object(request)
  return typeof headers === 'object' && body instanceof Uint8Array && body.length >= worthAsking
}
