import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { json } from 'node:stream/consumers'

/**
 * Sends a form as most programs do: to its last byte, even if the answer came before. A connection that is lost on the
 * way is an error then, whatever was answered; `fetch` stops sending and is content.
 */
export async function sendWhole(url: string, form: FormData, headers: Record<string, string> = {}) {
  const sent = new Response(form)
  const body = Buffer.from(await sent.arrayBuffer())
  const sending = request(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': sent.headers.get('content-type') ?? '', 'content-length': body.length },
  })
  const answered = once(sending, 'response').then(async ([answer]: IncomingMessage[]) => {
    if (!answer) throw new Error('There is no answer.')
    return { status: answer.statusCode, headers: answer.headers, body: await json(answer) }
  })
  const toTheEnd = new Promise((resolve, reject) => {
    sending.once('finish', resolve).once('error', reject)
    sending.once('close', () => reject(new Error('The connection was lost before everything was sent.')))
  })
  sending.end(body)
  const [answer] = await Promise.all([answered, toTheEnd])
  return answer
}
