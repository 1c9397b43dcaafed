import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/**
 * A line to PostgreSQL as a pooler lends sessions for one transaction at a time: whoever has been let in asks over the
 * session of the first. One question at a time.
 */
export async function pooledLine(databaseUrl: string): Promise<{ readonly url: string; close(): void }> {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let shared: Socket | undefined
  let asking: Socket | undefined
  const server = createServer((caller) => {
    const own = connect(Number(target.port), target.hostname)
    for (const socket of [caller, own]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
    // Until it has been let in: the last thing that the server then says is `Z`, that it is ready.
    let isIn = false
    caller.on('data', (chunk) => {
      if (!isIn) return void own.write(chunk)
      // `X` ends a connection: its own, and not the one that all use.
      if (chunk[0] === 'X'.charCodeAt(0)) return void caller.destroy()
      asking = caller
      shared?.write(chunk)
    })
    own.on('data', (chunk) => {
      if (own === shared && isIn) return void asking?.write(chunk)
      caller.write(chunk)
      if (chunk.at(-6) !== 'Z'.charCodeAt(0)) return
      isIn = true
      shared ??= own
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (!address || typeof address === 'string') throw new Error('No port was given.')
  return {
    url: Object.assign(new URL(databaseUrl), { port: String(address.port) }).href,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
