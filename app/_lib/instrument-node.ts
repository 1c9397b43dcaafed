import { subscribe } from 'node:diagnostics_channel'
import { Server } from 'node:http'
import { readEnv } from '#lib/env.ts'
import { gateServer } from '#lib/requests/gate.ts'
import { getConsole } from './console.ts'
import { endStreams } from './shutdown.ts'

// Unsealing begins at once. A request says what went wrong, and the log does.
getConsole().catch(() => undefined)

process.once('SIGTERM', endStreams)
process.once('SIGINT', endStreams)

// Next makes the server, and shows its handlers neither it nor a request's socket. Those that come before this find no
// gate: they wait for Next to be ready, leave rows without an address, and are believed no more than others.
const env = readEnv()
const known = new WeakSet<Server>()
subscribe('http.server.request.start', (message) => {
  if (typeof message !== 'object' || message === null || !('server' in message)) return
  const { server } = message
  if (!(server instanceof Server) || known.has(server)) return
  known.add(server)
  // Node ends a request whose body takes longer than five minutes to come; an upload may take hours. Headers keep their
  // limit, and the gate has one for each request that is no upload.
  server.requestTimeout = 0
  gateServer(server, env)
})
