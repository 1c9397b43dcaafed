import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { readForm } from './read-form.ts'
import { bytesOf } from './read-request.ts'
import { readToNowhere } from './read-to-nowhere.ts'
import { sendWhole } from './send-whole-for-tests.ts'

const content = randomBytes(50 * 1024 * 1024)

/** Answers as soon as it has read the list of files. */
async function server(): Promise<string> {
  const running = createServer({ keepAliveTimeout: 2_000 }, async (request, response) => {
    const body = Readable.toWeb(request) as ReadableStream<Uint8Array>
    const { source } = await readForm(
      bytesOf(body, new AbortController().signal),
      request.headers['content-type'] ?? '',
    )
    readToNowhere(source)
    response.writeHead(201).end('{}')
  }).listen(0, '127.0.0.1')
  onTestFinished(() => {
    running.closeAllConnections()
    running.close()
  })
  await once(running, 'listening')
  return `http://127.0.0.1:${(running.address() as AddressInfo).port}`
}

test.each([
  ['as they are listed', [content.length, 3]],
  ['of other sizes', [3, content.length]],
])('whoever sends a large form that is answered at once can send it to its end: files %s', async (_, sizes) => {
  const form = new FormData()
  form.set('files', JSON.stringify(sizes.map((size, index) => ({ path: `${index}`, size }))))
  form.append('file', new Blob([content]), '0')
  form.append('file', new Blob(['abc']), '1')
  expect(await sendWhole(await server(), form)).toMatchObject({ status: 201 })
})
