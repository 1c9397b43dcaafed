import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { createAwsClients } from '#lib/aws/clients.ts'
import { AppError } from '#lib/errors.ts'
import type { ObjectStore } from './object-store.ts'
import { s3Store } from './s3-store.ts'
import { s3Versions } from './s3-versions.ts'

// What S3 answers seldom, and stores that are not AWS's in their own way: a stand-in for each, on loopback.

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

type Answer = (request: IncomingMessage, body: Buffer, response: ServerResponse) => void
const storeThat = async (answer: Answer) => s3Store(await clientThat(answer), 'b')
async function clientThat(answer: Answer) {
  const server = createServer((request, response) => {
    void buffer(request).then((body) => answer(request, body, response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const endpoint = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  const credentials = { accessKeyId: 'a', secretAccessKey: 's' }
  const clients = createAwsClients({ region: 'us-east-1', credentials, endpoint }, 'interactive')
  closers.push(() => {
    clients.destroy()
    server.closeAllConnections()
    server.close()
  })
  return clients.s3
}

const refuse = (response: ServerResponse, status: number, code: string, message: string) =>
  response
    .writeHead(status, { 'content-type': 'application/xml', 'x-amz-request-id': 'request-1' })
    .end(`<Error><Code>${code}</Code><Message>${message}</Message></Error>`)
const conflict = (response: ServerResponse) =>
  refuse(
    response,
    409,
    'ConditionalRequestConflict',
    'The conditional request cannot succeed due to a conflicting operation against this resource.',
  )
const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => (error instanceof AppError ? { code: error.code, retryable: error.retryable } : error),
  )

test('requests that go on meeting another one on the same object may be tried again later', async () => {
  let writes = 0
  const store = await storeThat((_, __, response) => {
    writes += 1
    conflict(response)
  })
  expect(await failure(store.create('x', randomBytes(10)))).toEqual({ code: 'unreachable', retryable: true })
  expect(writes).toBe(2)
})

test('replacing that meets another request is tried again where nothing was replaced, and a conflict where it was', async () => {
  const old = randomBytes(10)
  let etag = '"one"'
  const store = await storeThat((request, _, response) => {
    if (request.method === 'PUT') conflict(response)
    else response.writeHead(200, { etag, 'content-length': old.length }).end(request.method === 'GET' ? old : undefined)
  })
  const read = await store.read('x', 10)
  expect(await failure(store.replace('x', randomBytes(10), read))).toEqual({ code: 'unreachable', retryable: true })
  etag = '"two"'
  expect(await failure(store.replace('x', randomBytes(10), read))).toEqual({ code: 'conflict', retryable: false })
})

test('a store that keeps no checksums: our own object, whose answer was lost, is known by its bytes', async () => {
  const body = randomBytes(1000)
  let there = body
  const store = await storeThat((request, _, response) => {
    if (request.method === 'PUT')
      refuse(response, 412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold')
    else response.writeHead(200, { 'content-length': there.length }).end(request.method === 'GET' ? there : undefined)
  })
  await store.create('x', body)
  for (const other of [randomBytes(1000), randomBytes(999)]) {
    there = other
    expect(await failure(store.create('x', body))).toEqual({ code: 'conflict', retryable: false })
  }
})

test('a store that wants Content-MD5 with a list to delete gets it', async () => {
  const store = await storeThat((request, body, response) => {
    const md5 = createHash('md5').update(body).digest('base64')
    if (request.headers['content-md5'] === md5) response.writeHead(200).end('<DeleteResult/>')
    else refuse(response, 400, 'MissingContentMD5', 'Missing required header for this request: Content-Md5.')
  })
  expect(await failure(store.delete(['x', 'y']))).toBeUndefined()
})

const listed = async (store: ObjectStore, prefix: string) => {
  const keys: string[] = []
  for await (const { key } of store.list(prefix)) keys.push(key)
  return keys
}
const page = (key: string, more: string) =>
  `<ListBucketResult><Contents><Key>${key}</Key><Size>1</Size></Contents>${more}</ListBucketResult>`
const truncated = '<IsTruncated>true</IsTruncated>'

test.each([
  ['a store that knows only the first version of ListObjects', page('f/1', truncated)],
  ['a store that says the same again', page('f/1', `${truncated}<NextContinuationToken>1</NextContinuationToken>`)],
  ['a store that lists what lies elsewhere', page('other/1', '<IsTruncated>false</IsTruncated>')],
])('%s: its list is not taken for what is there', async (_, body) => {
  const store = await storeThat((_, __, response) => response.writeHead(200).end(body))
  expect(await failure(listed(store, 'f/'))).toEqual({ code: 'integrity', retryable: false })
})

test('a list that goes on is read to its end, also where a store does not say that there is more', async () => {
  const store = await storeThat(({ url = '' }, _, response) => {
    const [, token = '0'] = /continuation-token=(\d)/.exec(url) ?? []
    const more = token === '2' ? '' : `<NextContinuationToken>${Number(token) + 1}</NextContinuationToken>`
    response.writeHead(200).end(page(`f/${token}`, more))
  })
  expect(await listed(store, 'f/')).toEqual(['f/0', 'f/1', 'f/2'])
})

test('a list of versions that says the same again is not read for ever', async () => {
  const body = `<ListVersionsResult>${truncated}<NextKeyMarker>f/1</NextKeyMarker></ListVersionsResult>`
  const s3 = await clientThat((_, __, response) => response.writeHead(200).end(body))
  const versions = s3Versions(s3, 'b', '').versions('f/')[Symbol.asyncIterator]()
  expect(await failure(versions.next())).toEqual({ code: 'integrity', retryable: false })
})

test('what a store says is told without what a terminal would obey and a database does not take', async () => {
  for (const said of ['no&#0; way&#27;[2J', 'no\0 way\u001b[2J\u0085']) {
    const store = await storeThat((_, __, response) => refuse(response, 403, 'AccessDenied', said))
    const error = await store.read('x', 10).catch((thrown: unknown) => thrown)
    expect(String(error)).toMatch(/no\W+way/)
    expect(String(error)).not.toMatch(/\p{Cc}/u)
  }
})

test('a version that is longer than it may be is not read to its end', async () => {
  const versions = s3Versions(
    await clientThat((_, __, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream' })
      const more = () => {
        while (response.write(Buffer.alloc(64 * 1024)));
      }
      response.on('drain', more)
      more()
    }),
    'b',
    '',
  )
  await expect(versions.read({ key: 'x', versionId: '1' }, 1024 * 1024)).rejects.toMatchObject({ code: 'integrity' })
})
