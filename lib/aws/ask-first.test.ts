import { once } from 'node:events'
import { type IncomingMessage, createServer as plainServer } from 'node:http'
import { createServer as tlsServer } from 'node:https'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { certificate, privateKey } from '#lib/alerts/certificate-for-tests.ts'
import { s3Store } from '#lib/storage/s3-store.ts'
import { createAwsClients } from './clients.ts'
import { openProxy } from './proxy-for-tests.ts'

const authorities = getCACertificates()
beforeAll(() => setDefaultCACertificates([...authorities, certificate]))
afterAll(() => setDefaultCACertificates(authorities))
const closing: (() => unknown)[] = []
afterEach(async () => {
  vi.useRealTimers()
  for (const close of closing.splice(0)) await close()
})

const denied =
  '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message><RequestId>1</RequestId></Error>'
type Temper = 'refuses' | 'takes' | 'takes when asked' | 'does not know of asking'

/** How a bucket is reached: as the sandbox is, by an endpoint of one's own, by AWS's name through a proxy. */
const ways = ['plain', 'own endpoint', 'proxy'] as const

/** A bucket; where it does not take everything, a body that nobody announced breaks the connection. */
async function openBucket(way: (typeof ways)[number], temper: Temper) {
  const requests: { expect: string | undefined; bytes: number; port: number | undefined }[] = []
  const note = ({ headers, socket }: IncomingMessage) => {
    const noted = { expect: headers.expect, bytes: 0, port: socket.remotePort }
    requests.push(noted)
    return noted
  }
  const server =
    way === 'plain' ? plainServer() : tlsServer({ cert: certificate, key: privateKey, ALPNProtocols: ['http/1.1'] })
  const take = (request: IncomingMessage, answer: () => void) => {
    const noted = note(request)
    request.on('data', (piece: Buffer) => {
      noted.bytes += piece.length
    })
    request.once('end', answer)
  }
  server.on('request', (request, response) => {
    if (temper === 'takes') return take(request, () => response.end())
    note(request)
    request.socket.destroy()
  })
  server.on('checkContinue', (request, response) => {
    if (temper === 'refuses') {
      note(request)
      // It does not say that it closes the connection, and does not.
      response.writeHead(403, { 'x-amz-request-id': '1', connection: 'keep-alive' }).end(denied)
      return
    }
    take(request, () => response.end())
    if (temper === 'takes when asked') response.writeContinue()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const proxy = await openProxy(port)
  const clients = createAwsClients(
    {
      region: 'us-east-1',
      endpoint: way === 'plain' ? `http://127.0.0.1:${port}` : undefined,
      credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' },
      ...(way === 'own endpoint' && {
        s3Endpoint: { url: `https://localhost:${port}`, kind: 'own', region: undefined },
      }),
      ...(way === 'proxy' && { proxy: proxy.settings() }),
    },
    'interactive',
  )
  closing.push(
    () => clients.destroy(),
    () => server.closeAllConnections(),
    () => server.close(),
    proxy.close,
  )
  return {
    s3: clients.s3,
    requests,
    connections: () => new Promise<number>((done) => server.getConnections((_, count) => done(count))),
  }
}

const body = Buffer.alloc(3 * 2 ** 20, 'x')

describe.each(ways)('%s', (way) => {
  test('a refusal that breaks the connection is heard all the same, and the connection is given up', async () => {
    const { s3, requests, connections } = await openBucket(way, 'refuses')
    await expect(s3Store(s3, 'bucket').create('key', body)).rejects.toMatchObject({ code: 'denied' })
    expect(requests).toMatchObject([{ expect: undefined }, { expect: '100-continue', bytes: 0 }])
    await vi.waitFor(async () => expect(await connections()).toBe(0))
  })

  test('a body that is welcome is sent whole', async () => {
    const { s3, requests } = await openBucket(way, 'takes when asked')
    await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: body }))
    expect(requests).toMatchObject([{ expect: undefined }, { expect: '100-continue', bytes: body.length }])
  })

  test('who does not know of asking gets the body after a while', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { s3, requests } = await openBucket(way, 'does not know of asking')
    const sent = s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: body }))
    const over = sent.then(() => true)
    while (!(await Promise.race([over, new Promise<false>((tick) => setImmediate(() => tick(false)))])))
      if (requests.length < 2 || vi.getTimerCount() > 0) vi.advanceTimersByTime(1)
    expect(requests.at(-1)).toMatchObject({ expect: '100-continue', bytes: body.length })
  })

  test('what goes well is sent at once, on a connection that is open already', async () => {
    const { s3, requests } = await openBucket(way, 'takes')
    for (const Key of ['a', 'b', 'c']) await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key, Body: body }))
    expect(requests.map(({ expect }) => expect)).toEqual([undefined, undefined, undefined])
    expect(new Set(requests.map(({ port }) => port)).size).toBe(1)
  })
})
