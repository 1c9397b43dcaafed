import { connect, createServer, type Socket } from 'node:net'

/** `lose`: what was asked is done, and nobody hears of it. `silent`: nothing comes any more, and nothing ends. */
type Roughness = 'reset' | 'truncate' | 'lose' | 'delay' | 'silent'

interface Weather {
  /** How many of the connections are met, 0 to 1. */
  readonly probability: number
  readonly kinds: readonly Roughness[]
  /** 0 to 1; decides which connections are met, how, and after how many bytes. */
  readonly random: () => number
}

/**
 * A TCP proxy on loopback that treats connections badly: `reset` and `truncate` end one after some bytes, with an RST or
 * as if all had been said; `delay` holds every piece up for a while.
 */
export async function openRoughNetwork(upstream: string) {
  const { hostname, port } = new URL(upstream)
  const open = new Set<Socket>()
  const watchers: { left: number; seen(): void }[] = []
  let weather: Weather | undefined
  let passed = 0
  let met = 0

  const server = createServer((client) => {
    const target = connect(Number(port), hostname)
    const both = [client, target]
    const ill = weather && weather.random() < weather.probability ? illnessOf(weather) : undefined
    if (ill) met += 1
    let bytes = 0
    for (const socket of both) {
      open.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        open.delete(socket)
        for (const other of both) other.destroy()
      })
    }
    const strike = (towards: Socket): boolean => {
      if (!ill || bytes < ill.afterBytes) return false
      if (ill.kind === 'reset' || (ill.kind === 'lose' && towards === client)) client.resetAndDestroy()
      else if (ill.kind === 'truncate' && towards === client) client.end()
      else return ill.kind === 'silent'
      return true
    }
    const carry = (from: Socket, to: Socket) =>
      from.on('data', (piece) => {
        bytes += piece.length
        if (strike(to)) return
        count(piece.length)
        const go = () => {
          if (to.destroyed || to.write(piece)) return
          from.pause()
          to.once('drain', () => from.resume())
        }
        if (ill?.kind !== 'delay') return go()
        from.pause()
        setTimeout(() => {
          from.resume()
          go()
        }, ill.delayMs)
      })
    carry(client, target)
    carry(target, client)
    client.on('end', () => target.end())
    target.on('end', () => client.end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()

  function count(bytes: number): void {
    passed += bytes
    for (const watcher of watchers.splice(0)) {
      watcher.left -= bytes
      if (watcher.left <= 0) watcher.seen()
      else watchers.push(watcher)
    }
  }

  return {
    endpoint: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    /** From now on; connections that are open are ended, so that none keeps what it was given. */
    setWeather(next: Weather | undefined): void {
      weather = next
      for (const socket of open) socket.resetAndDestroy()
    },
    /** Calls back once so many more bytes have passed, either way. */
    afterBytes(bytes: number, seen: () => void): void {
      watchers.push({ left: bytes, seen })
    },
    /** Bytes that passed, connections that were met. */
    figures: () => ({ passed, met }),
    async close(): Promise<void> {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}
export type RoughNetwork = Awaited<ReturnType<typeof openRoughNetwork>>

function illnessOf({ kinds, random }: Weather) {
  const kind = kinds[Math.floor(random() * kinds.length)] ?? 'reset'
  // From the middle of a request's head to the middle of a long body, each size as likely as another.
  return { kind, afterBytes: Math.floor(300 * 30_000 ** random()), delayMs: 1 + Math.floor(random() * 30) }
}
