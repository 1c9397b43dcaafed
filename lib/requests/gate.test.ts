import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { listAuditEvents } from '#lib/audit/list-events.ts'
import { recordAudit } from '#lib/audit/record.ts'
import { auditQuerySchema } from '#lib/audit/schema.ts'
import { openTestDatabase, type TestDatabase } from '#lib/db-for-tests.ts'
import { readEnv } from '#lib/env.ts'
import { gateServer } from './gate.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())
const started: Server[] = []
afterEach(async () => {
  for (const server of started.splice(0)) {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
})

let seen: { headers: IncomingHttpHeaders; method: string | undefined; url: string | undefined }[] = []

/** A server whose own listener writes an audit row, as a handler of ours does, and remembers what it was told. */
async function start(variables: Record<string, string> = {}): Promise<number> {
  seen = []
  const server = createServer(async ({ headers, method, url }, response) => {
    seen.push({ headers, method, url })
    const row = { action: 'auth.sign-in', outcome: 'refused', subject: 'x' } as const
    await database.db.$transaction(async (tx) => {
      await recordAudit(tx, { ...row, actor: 'a@example.test' })
      await recordAudit(tx, { ...row, actor: 'console' })
    })
    response.end('done')
  })
  gateServer(server, readEnv(variables))
  started.push(server.listen(0, '127.0.0.1'))
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

/** As it is: fetch does not send TRACE, nor some of these headers. */
async function send(port: number, method: string, headers: readonly string[] = [], url = '/'): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1')
  socket.write(
    [`${method} ${url} HTTP/1.1`, 'Host: 127.0.0.1:3000', 'Connection: close', ...headers, '', ''].join('\r\n'),
  )
  let answer = ''
  for await (const text of socket) answer += text
  return answer
}

const lies = [
  'X-Forwarded-For: 203.0.113.9',
  'X-Forwarded-Host: evil.example',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Port: 444',
  'Forwarded: for=203.0.113.9;host=evil.example;proto=https',
  'X-Real-IP: 203.0.113.9',
]
const lastTwo = async () =>
  (await database.db.auditEvent.findMany({ orderBy: { id: 'desc' }, take: 2 })).map(({ actor, address }) => [
    actor,
    address,
  ])

test('without trusted proxies nothing that a client says of addresses reaches the console', async () => {
  expect(await send(await start(), 'GET', lies)).toMatch(/^HTTP\/1\.1 200/)
  expect(seen[0]?.headers).toEqual({ host: '127.0.0.1:3000', connection: 'close' })
  expect(await lastTwo()).toEqual([
    ['console', null],
    ['a@example.test', '127.0.0.1'],
  ])
})

test('behind a proxy: the address that it names, and the host that people open whatever it says of hosts', async () => {
  const port = await start({
    VAULT_PUBLIC_URL: 'https://vault.example.com',
    VAULT_TRUSTED_PROXIES: '127.0.0.1,10.0.0.0/8',
  })
  const answer = await send(port, 'POST', [...lies, 'X-Forwarded-For: 198.51.100.7', 'X-Forwarded-For: 10.1.1.1'])
  expect(answer).toMatch(/^strict-transport-security: max-age=31536000\r$/m)
  expect(seen[0]?.headers).toEqual({
    host: '127.0.0.1:3000',
    connection: 'close',
    'x-forwarded-host': 'vault.example.com',
  })
  expect(await lastTwo()).toEqual([
    ['console', null],
    ['a@example.test', '198.51.100.7'],
  ])
  // The page is asked for what came from there.
  const query = auditQuerySchema.parse({ actor: ' ::ffff:198.51.100.7' })
  expect((await listAuditEvents(database.db, query)).rows).toMatchObject([
    { actor: 'a@example.test', address: '198.51.100.7' },
  ])
})

test('on this machine, an action that Next sends on to itself still comes from the page that it came from', async () => {
  const port = await start()
  const hosts = ['http://localhost:3000', 'http://127.0.0.1:3000', 'https://evil.example', 'null']
  for (const origin of hosts) await send(port, 'POST', [`Origin: ${origin}`, 'X-Forwarded-Host: evil.example'])
  expect(seen.map(({ headers }) => headers['x-forwarded-host'])).toEqual([
    'localhost:3000',
    '127.0.0.1:3000',
    undefined,
    undefined,
  ])
})

test('methods that nobody needs are refused before anything looks at them', async () => {
  const port = await start()
  for (const method of ['TRACE', 'PROPFIND', 'LOCK', 'QUERY']) {
    const answer = await send(port, method, ['Cookie: secret'])
    expect(answer, method).toMatch(/^HTTP\/1\.1 405 [\s\S]*^allow: GET, HEAD, POST/m)
    expect(answer, method).not.toContain('secret')
  }
  // Node itself.
  expect(await send(port, 'TRACK')).toMatch(/^HTTP\/1\.1 400/)
  expect(await send(port, 'CONNECT')).toBe('')
  expect(seen).toEqual([])
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) await send(port, method)
  expect(seen).toHaveLength(7)
})

test('an address that cannot be decoded is taken as it is written, every other one stays as it is', async () => {
  const port = await start()
  for (const url of [
    '/%',
    '/backups/%E0%A4%A',
    '/api/%ff/%20?q=%',
    '/%?%25=%20',
    '/a%20b/%E2%82%AC?q=%',
    '/?%',
    '/%25',
  ])
    await send(port, 'GET', [], url)
  expect(seen.map(({ url }) => url)).toEqual([
    '/%25',
    '/backups/%25E0%25A4%25A',
    '/api/%25ff/%2520?q=%',
    '/%25?%25=%20',
    '/a%20b/%E2%82%AC?q=%',
    '/?%',
    '/%25',
  ])
})

test('on plain http there is no word of TLS', async () => {
  expect(await send(await start(), 'GET')).not.toContain('strict-transport')
})

test('a body that never ends: the connection is closed, before or after the answer, but an upload’s stays', async () => {
  let answer = (_: ServerResponse) => {}
  const server = createServer((_, response) => answer(response))
  gateServer(server, readEnv({}), { wholeMs: 50, restMs: 50 })
  started.push(server.listen(0, '127.0.0.1'))
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const post = (path: string) => {
    const socket = connect(port, '127.0.0.1').resume()
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{`)
    return { socket, closed: once(socket, 'close') }
  }
  await post('/api/auth/sign-in/email').closed
  answer = (response) => response.end('no')
  await post('/sign-in').closed
  answer = (response) => response.writeHead(401).end('who?')
  await post('/api/v1/backups?name=x').closed
  answer = () => {}
  const upload = post('/api/v1/backups?name=x')
  await post('/api/v1/backupsx').closed
  await post('/').closed
  expect(upload.socket.readyState).toBe('open')
  upload.socket.destroy()
  await upload.closed
})
