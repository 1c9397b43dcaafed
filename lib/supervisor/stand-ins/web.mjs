// Answers every request with its own process ID, and proves whose it is, until asked to stop.
import { createServer } from 'node:http'
import { answerStart, proofHeader } from '../start-proof.ts'

const server = createServer(({ headers }, response) => {
  for (const [name, value] of Object.entries(answerStart(headers[proofHeader] ?? null))) response.setHeader(name, value)
  response.end(String(process.pid))
})
server.listen(Number(process.env.PORT), process.env.VAULT_HOST)
process.once('SIGTERM', () => server.close(() => process.exit(0)).closeAllConnections())
