import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'

export interface Answer {
  status: number
  headers: Record<string, string>
  /** A stream needs `content-length` among the headers. */
  body: string | Buffer | Readable | undefined
}

/** What an armed fault does to an answer on its way out. */
export type Damage = 'Truncate' | 'CorruptBody' | undefined

function damaged(body: Buffer, damage: Damage): Buffer {
  if (damage !== 'CorruptBody' || body.length === 0) return body
  const copy = Buffer.from(body)
  const middle = copy.length >> 1
  copy[middle] = (copy[middle] ?? 0) ^ 0x01
  return copy
}

async function* damagedStream(body: Readable, damage: Damage, length: number) {
  let sent = 0
  for await (const chunk of body) {
    if (damage === 'Truncate' && sent + chunk.length > length / 2) {
      yield chunk.subarray(0, Math.max(0, Math.floor(length / 2) - sent))
      throw new Error('Cut off on purpose')
    }
    yield sent === 0 ? damaged(chunk, damage) : chunk
    sent += chunk.length
  }
}

function free({ buffer, byteLength }: Buffer): void {
  if (byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0)
}

/** As `pipeline`, but frees each piece once it is sent: left to the collector of garbage, they double the work. */
async function pour(source: Readable, response: ServerResponse): Promise<void> {
  const gone = new Promise<never>((_, reject) => {
    response.once('close', () => reject(new Error('The client went away.')))
    response.on('error', reject)
  })
  gone.catch(() => {})
  try {
    for await (const piece of source) {
      const sent = new Promise<void>((resolve, reject) => {
        response.write(piece, (error) => (error ? reject(error) : resolve()))
      })
      await Promise.race([sent, gone])
      free(piece)
    }
    response.end()
  } finally {
    source.destroy()
  }
}

export async function send(response: ServerResponse, answer: Answer, method: string, damage: Damage): Promise<void> {
  const { status, headers, body } = answer
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.statusCode = status
  if (body instanceof Readable) {
    if (method === 'HEAD') {
      body.destroy()
      response.end()
      return
    }
    const length = Number(headers['content-length'] ?? 0)
    const source = damage ? Readable.from(damagedStream(body, damage, length)) : body
    // A client that goes away, or a cut on purpose, ends the connection: nothing to report.
    await pour(source, response).catch(() => response.destroy())
    return
  }
  if (status === 204 || status === 304) {
    response.end()
    return
  }
  const bytes = damaged(typeof body === 'string' ? Buffer.from(body) : (body ?? Buffer.alloc(0)), damage)
  if (!response.hasHeader('content-length')) response.setHeader('content-length', bytes.length)
  if (method === 'HEAD') {
    response.end()
  } else if (damage === 'Truncate' && bytes.length > 0) {
    response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy())
  } else {
    response.end(bytes)
  }
}
