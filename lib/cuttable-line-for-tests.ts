import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface CuttableLine {
  /** The database's, through the line. */
  readonly url: string
  /** Ends every connection: with a goodbye (`end`) or without. New ones come through. */
  cut(how: 'end' | 'resetAndDestroy'): Promise<void>
  /** Every connection stays as it is at both ends, and nothing comes through any more: a cable is pulled. */
  hush(): void
  /** No connection comes through any more. */
  close(): void
}

/** Passes bytes on between a database and whoever uses it. */
export async function cuttableLine(databaseUrl: string): Promise<CuttableLine> {
  const target = new URL(databaseUrl)
  const callers = new Map<Socket, Socket>()
  const hushed = new Set<Socket>()
  const server = createServer((caller) => {
    const there = connect(Number(target.port), target.hostname)
    caller.pipe(there).pipe(caller)
    callers.set(caller, there)
    for (const socket of [caller, there]) socket.on('error', () => undefined)
    caller.on('close', () => {
      callers.delete(caller)
      if (!hushed.has(there)) there.destroy()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (!address || typeof address === 'string') throw new Error('No port was given.')
  return {
    url: Object.assign(new URL(databaseUrl), { port: String(address.port) }).href,
    async cut(how) {
      await Promise.all(
        [...callers.keys()].map(async (caller) => {
          caller[how]()
          await once(caller, 'close')
        }),
      )
    },
    hush() {
      for (const [caller, there] of callers) {
        hushed.add(there)
        caller.unpipe(there)
        there.unpipe(caller)
        // What still comes is heard by nobody.
        for (const socket of [caller, there]) socket.resume()
      }
    },
    close() {
      server.close()
      for (const socket of [...callers.keys(), ...hushed]) socket.destroy()
    },
  }
}
