// Answers every request with its own process ID, until asked to stop.
import { createServer } from 'node:http'

const server = createServer((_, response) => response.end(String(process.pid)))
server.listen(Number(process.env.PORT), process.env.VAULT_HOST)
process.once('SIGTERM', () => server.close(() => process.exit(0)).closeAllConnections())
