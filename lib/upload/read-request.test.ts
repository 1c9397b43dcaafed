import { once } from 'node:events'
import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { AppError } from '#lib/errors.ts'
import { bytesOf } from './read-request.ts'

async function read(body: ReadableStream<Uint8Array> | null, signal = new AbortController().signal): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of bytesOf(body, signal)) pieces.push(piece)
  return Buffer.concat(pieces)
}

test('everything comes, and no body is no bytes', async () => {
  expect(await read(null)).toHaveLength(0)
  expect((await read(new Blob(['a', 'b'.repeat(100_000)]).stream())).toString()).toBe(`a${'b'.repeat(100_000)}`)
})

test('a sender that is cut off is told from one that has ended', async () => {
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error('aborted')),
  })
  await expect(read(body)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('sender stopped'),
  })
})

test('a signal ends the wait for a silent sender', async () => {
  const silent = new ReadableStream<Uint8Array>({ start() {} })
  const leaving = new AbortController()
  const reading = read(silent, leaving.signal)
  leaving.abort(new Error('gone'))
  await expect(reading).rejects.toMatchObject({ code: 'unavailable' })
})

test('whoever may not go on is told so, not that the connection was lost', async () => {
  const silent = new ReadableStream<Uint8Array>({ start() {} })
  const ended = new AbortController()
  const reading = read(silent, ended.signal)
  ended.abort(new AppError('denied', 'The token was revoked.'))
  await expect(reading).rejects.toMatchObject({ code: 'denied', message: 'The token was revoked.' })
})

test('an answer gets through to a sender whose body is not read to its end', async () => {
  const server = createServer((request, response) => {
    const body = Readable.toWeb(request)
    void (async () => {
      for await (const _ of bytesOf(body as ReadableStream<Uint8Array>, new AbortController().signal)) break
      response.writeHead(422).end('enough')
    })()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'PUT', body: Buffer.alloc(8 * 1024 * 1024) })
  expect([answer.status, await answer.text()]).toEqual([422, 'enough'])
  server.closeAllConnections()
  server.close()
})
