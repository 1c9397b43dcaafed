import { subscribe } from 'node:diagnostics_channel'
import { Server } from 'node:http'
import { getConsole } from './console.ts'
import { endStreams } from './shutdown.ts'

// Unsealing begins at once. A request says what went wrong, and the log does.
getConsole().catch(() => undefined)

process.once('SIGTERM', endStreams)
process.once('SIGINT', endStreams)

// Node ends a request whose body takes longer than five minutes to come; an upload may take hours. Its headers keep
// their limit, and lib/upload/read-request.ts ends one that falls silent.
subscribe('http.server.request.start', (message) => {
  if (typeof message !== 'object' || message === null || !('server' in message)) return
  if (message.server instanceof Server) message.server.requestTimeout = 0
})
