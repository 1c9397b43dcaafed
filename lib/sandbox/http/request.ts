import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'

/** A request with its address taken apart; nothing of its body has been read. */
export interface AwsRequest {
  method: string
  /** As sent: percent-encoded, without the query. */
  path: string
  /** Decoded names and values, in the order sent. */
  query: [string, string][]
  headers: IncomingHttpHeaders
  message: IncomingMessage
  /** Asks a client that waits with `Expect: 100-continue` to go on. Call before reading the body. */
  welcomeBody(): void
}

/** Undefined when it is not percent-encoded UTF-8. */
export function decodePart(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** Undefined when the address cannot be decoded. */
export function readRequest(
  message: IncomingMessage,
  response: ServerResponse,
  waits: boolean,
): AwsRequest | undefined {
  const url = message.url ?? '/'
  const mark = url.indexOf('?')
  const query: [string, string][] = []
  if (mark >= 0) {
    for (const pair of url.slice(mark + 1).split('&')) {
      if (pair === '') continue
      const equals = pair.indexOf('=')
      const name = decodePart((equals < 0 ? pair : pair.slice(0, equals)).replaceAll('+', ' '))
      const value = equals < 0 ? '' : decodePart(pair.slice(equals + 1).replaceAll('+', ' '))
      if (name === undefined || value === undefined) return undefined
      query.push([name, value])
    }
  }
  let welcomed = !waits
  return {
    method: message.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query,
    headers: message.headers,
    message,
    welcomeBody() {
      if (!welcomed) response.writeContinue()
      welcomed = true
    },
  }
}

export function queryValue(request: AwsRequest, name: string): string | undefined {
  return request.query.find(([candidate]) => candidate === name)?.[1]
}

/** A header as one text. */
export function header(request: Pick<AwsRequest, 'headers'>, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(',') : value
}

/** The whole body, or undefined when it is longer than `limit` bytes. */
export async function readBody(request: AwsRequest, limit: number): Promise<Buffer | undefined> {
  request.welcomeBody()
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request.message) {
    size += chunk.length
    if (size > limit) return undefined
    chunks.push(chunk)
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size)
}
