import { createServer, type IncomingHttpHeaders, request as sendRequest } from 'node:http'

/** A request that has arrived at a gate. */
export interface Arrival {
  readonly method: string
  /** Path and query. */
  readonly url: string
  /** `Encrypt`, … of a KMS request. */
  readonly operation: string | undefined
}
type Matches = (arrival: Arrival) => boolean

/** Requests that were stopped on their way, in the order in which they came. */
export interface Hold {
  readonly held: readonly Arrival[]
  /** Resolves when so many are held. */
  arrived(count: number): Promise<void>
  /** Lets those that are held, and all that come later, go on. */
  release(): void
}

/**
 * A reverse proxy on loopback, in front of a sandbox, that stops requests until they are let go, or loses answers:
 * a test decides by it what happens in the middle of something else, without a clock.
 */
export async function openGate(upstream: string) {
  const target = new URL(upstream)
  const holds = new Set<{ matches: Matches; admit(arrival: Arrival): Promise<void>; release(): void }>()
  const losses: { matches: Matches; left: number }[] = []

  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of incoming) chunks.push(chunk)
      const arrival = arrivalOf(incoming.method, incoming.url, incoming.headers)
      for (const hold of [...holds]) if (hold.matches(arrival)) await hold.admit(arrival)
      // Whoever sent it has hung up meanwhile.
      if (outgoing.destroyed) return
      const onward = sendRequest({
        host: target.hostname,
        port: target.port,
        method: arrival.method,
        path: arrival.url,
        // The host that was signed goes on unchanged, and so the signature stays good.
        headers: incoming.headers,
      })
      onward.on('error', () => outgoing.destroy())
      onward.on('response', (answer) => {
        const loss = losses.find((one) => one.left > 0 && one.matches(arrival))
        if (loss) {
          loss.left -= 1
          answer.resume().on('end', () => outgoing.destroy())
          return
        }
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.on('error', () => outgoing.destroy())
        answer.pipe(outgoing)
      })
      onward.end(Buffer.concat(chunks))
    })().catch(() => outgoing.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0

  return {
    endpoint: `http://127.0.0.1:${port}`,
    /** @param most how many it stops; later ones pass */
    hold(matches: Matches, most = Number.POSITIVE_INFINITY): Hold {
      const held: Arrival[] = []
      const open = Promise.withResolvers<void>()
      const watchers: { count: number; seen(): void }[] = []
      const entry = {
        matches: (arrival: Arrival) => held.length < most && matches(arrival),
        admit(arrival: Arrival) {
          held.push(arrival)
          for (const { count, seen } of watchers) if (held.length >= count) seen()
          return open.promise
        },
        release() {
          holds.delete(entry)
          open.resolve()
        },
      }
      holds.add(entry)
      return {
        held,
        arrived: (count) =>
          new Promise((seen) => (held.length >= count ? seen() : void watchers.push({ count, seen }))),
        release: entry.release,
      }
    },
    /** The next requests that match are carried out, but nobody hears of it. */
    loseAnswers(matches: Matches, times: number): void {
      losses.push({ matches, left: times })
    },
    /** Nothing is held or lost any more, also of what was asked for and has not come. */
    open(): void {
      for (const hold of [...holds]) hold.release()
      losses.length = 0
    },
    async close(): Promise<void> {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
export type Gate = Awaited<ReturnType<typeof openGate>>

function arrivalOf(method = '', url = '', headers: IncomingHttpHeaders): Arrival {
  const operation = String(headers['x-amz-target'] ?? '').split('.')[1]
  return { method, url, operation }
}
