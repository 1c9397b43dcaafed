import { createServer } from 'node:http'

const server = createServer((_, response) => response.end('sandbox'))
server.listen(Number(process.argv[3]), '127.0.0.1', () => process.send({ ready: true }))
process.once('SIGTERM', () => process.exit(0))
