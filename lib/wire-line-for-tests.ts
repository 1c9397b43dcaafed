import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** What becomes of a request: it goes on; the line breaks before PostgreSQL hears of it, or before its answer is heard. */
export type Fate = 'passes' | 'unheard' | 'unanswered'

export interface WireLine {
  /** The database's, through the line. */
  readonly url: string
  /** Asked for each request, with the SQL in it. */
  decide: (sql: string) => Fate
  /** No connection comes through any more. */
  close(): void
}

const startupBytes = 4

/**
 * A line to PostgreSQL that knows where a request begins and ends, and breaks beside one: what was asked for was done, or
 * was not, and whoever asked cannot tell.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export async function wireLine(databaseUrl: string): Promise<WireLine> {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  const server = createServer((caller) => {
    const there = connect(Number(target.port), target.hostname)
    for (const socket of [caller, there]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        caller.destroy()
        there.destroy()
      })
    }
    let started = false
    let losing = false
    let request = Buffer.alloc(0)
    let sql = ''
    const fromCaller = messages(
      () => (started ? 1 : 0),
      (message) => {
        const type = started ? String.fromCharCode(message[0] ?? 0) : ''
        started = true
        if (losing) return
        request = Buffer.concat([request, message])
        if (type === 'Q' || type === 'P') sql += message.toString('latin1', startupBytes + 1)
        // What belongs to one request is held back until its end is here.
        if (['P', 'B', 'D', 'E', 'C'].includes(type)) return
        const fate = type === 'Q' || type === 'S' ? line.decide(sql) : 'passes'
        if (fate === 'unheard') return void caller.destroy()
        losing = fate === 'unanswered'
        there.write(request)
        request = Buffer.alloc(0)
        sql = ''
      },
    )
    // `Z`: it is ready for the next request, and has done this one.
    const fromThere = messages(
      () => 1,
      (message) => {
        if (!losing) caller.write(message)
        else if (message[0] === 'Z'.charCodeAt(0)) caller.destroy()
      },
    )
    caller.on('data', fromCaller)
    there.on('data', fromThere)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (!address || typeof address === 'string') throw new Error('No port was given.')
  const line: WireLine = {
    url: Object.assign(new URL(databaseUrl), { port: String(address.port) }).href,
    decide: () => 'passes',
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
  return line
}

/** Cuts what arrives into messages: a type of one byte or none, a length that counts itself, and the rest. */
function messages(typeBytes: () => number, take: (message: Buffer) => void): (chunk: Buffer) => void {
  let held = Buffer.alloc(0)
  return (chunk) => {
    held = Buffer.concat([held, chunk])
    for (;;) {
      const before = typeBytes()
      if (held.length < before + 4) return
      const length = before + held.readInt32BE(before)
      if (held.length < length) return
      const message = held.subarray(0, length)
      held = held.subarray(length)
      take(message)
    }
  }
}
