import type { S3Client } from '@aws-sdk/client-s3'

/** Bytes of a body. Less is sent sooner than asked about. */
const WORTH_ASKING = 2 * 1024 * 1024

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
        if (tries > 1 && isLarge(request)) request.headers.Expect = '100-continue'
        return next(args)
      }
    },
    // Inside of what tries again.
    { step: 'finalizeRequest', priority: 'low', name: 'askFirstAfterFailure' },
  )
}

function isLarge(request: unknown): request is { headers: Record<string, string> } {
  const { body, headers } = Object(request)
  return typeof headers === 'object' && body instanceof Uint8Array && body.length >= WORTH_ASKING
}
