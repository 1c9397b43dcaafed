import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import type { Server } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { certificate, privateKey } from '#lib/alerts/certificate-for-tests.ts'
import { socketMemory } from './socket-memory.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

const bodies = Array.from({ length: 6 }, () => randomBytes(3 * 2 ** 20 + 12_345))
const hashes = bodies.map(hashOf)

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

const answer: http.RequestListener = (request, response) => {
  request.resume()
  response.end(bodies[Number(request.url?.slice(1))])
}
const agentOptions = { keepAlive: true, maxSockets: 3, onread: socketMemory }

test.each([
  ['http', () => http.createServer(answer), new http.Agent(agentOptions), http.request],
  [
    'https',
    () => https.createServer({ cert: certificate, key: privateKey }, answer),
    new https.Agent({ ...agentOptions, ca: certificate }),
    https.request,
  ],
] as const)(
  'every body comes whole over %s, several at once, slowly, on connections used again',
  async (_, make, agent, request) => {
    const port = await listening(make())
    closing.push(() => agent.destroy())
    const sockets = new Set<unknown>()
    const get = async (index: number): Promise<string> => {
      const asked = request({ host: 'localhost', port, path: `/${index}`, agent })
      asked.end()
      const [response]: http.IncomingMessage[] = await once(asked, 'response')
      sockets.add(asked.socket)
      const chunks: Buffer[] = []
      // Stops the socket again and again.
      for await (const chunk of response ?? []) {
        chunks.push(chunk)
        await setImmediate()
      }
      return hashOf(Buffer.concat(chunks))
    }
    expect(await Promise.all(bodies.map((_, index) => get(index)))).toEqual(hashes)
    expect(sockets.size).toBe(3)
  },
)

test('a connection that breaks in the middle is an error, and the next one is good', async () => {
  let breaks = true
  const server = http.createServer((request, response) => {
    if (!breaks) return answer(request, response)
    response.writeHead(200, { 'content-length': 2 ** 20 })
    response.write(randomBytes(300_000), () => response.destroy())
  })
  const port = await listening(server)
  const agent = new http.Agent(agentOptions)
  closing.push(() => agent.destroy())
  const get = async () => {
    const asked = http.get({ host: 'localhost', port, path: '/0', agent })
    const [response]: http.IncomingMessage[] = await once(asked, 'response')
    return Buffer.concat((await response?.toArray()) ?? [])
  }
  await expect(get()).rejects.toMatchObject({ code: 'ECONNRESET' })
  breaks = false
  expect(hashOf(await get())).toBe(hashes[0])
})

async function listening(server: Server): Promise<number> {
  server.listen(0, 'localhost')
  closing.push(() => server.close())
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}
