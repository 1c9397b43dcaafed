import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, expect, test } from 'vitest'
import { s3Store } from '#lib/storage/s3-store.ts'
import { createAwsClients } from './clients.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

const denied =
  '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message><RequestId>1</RequestId></Error>'

/** A bucket that takes everything, or refuses everything; a body that nobody announced breaks the connection then. */
async function openBucket(refuses: boolean) {
  const requests: { expect: string | undefined; port: number | undefined }[] = []
  const note = ({ headers, socket }: IncomingMessage) =>
    requests.push({ expect: headers.expect, port: socket.remotePort })
  const server = createServer((request, response) => {
    note(request)
    if (refuses) return request.socket.resetAndDestroy()
    request.resume().once('end', () => response.end())
  })
  server.on('checkContinue', (request, response) => {
    note(request)
    response.writeHead(403, { 'x-amz-request-id': '1', connection: 'close' }).end(denied)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const clients = createAwsClients(
    {
      region: 'us-east-1',
      endpoint: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
      credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' },
    },
    'interactive',
  )
  closing.push(() => {
    clients.destroy()
    server.close()
  })
  return { s3: clients.s3, requests }
}

const body = Buffer.alloc(3 * 2 ** 20)

test('a refusal that breaks the connection is heard all the same', async () => {
  const { s3, requests } = await openBucket(true)
  await expect(s3Store(s3, 'bucket').create('key', body)).rejects.toMatchObject({ code: 'denied' })
  expect(requests.map(({ expect }) => expect)).toEqual([undefined, '100-continue'])
})

test('what goes well is sent at once, on a connection that is open already', async () => {
  const { s3, requests } = await openBucket(false)
  for (const Key of ['a', 'b', 'c']) await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key, Body: body }))
  expect(requests.map(({ expect }) => expect)).toEqual([undefined, undefined, undefined])
  expect(new Set(requests.map(({ port }) => port)).size).toBe(1)
})
