import { refusal } from '#app/_lib/answer.ts'
import { limitedBody } from '#app/_lib/limited-body.ts'
import { whenOpen } from '#app/_lib/session.ts'

// better-auth's own routes. Of these only signing in and out are used, so only these exist here.
const known = new Set(['/api/auth/sign-in/email', '/api/auth/sign-out'])

/** An address and a password. Whoever sends this need not be anybody, and better-auth would hold all of it. */
const mostBytes = 16 * 1024

export async function POST(request: Request): Promise<Response> {
  if (!known.has(new URL(request.url).pathname)) return Response.json({ message: 'Not found.' }, { status: 404 })
  const console = await whenOpen()
  if (console instanceof Response) return console
  const body = await limitedBody(request, mostBytes)
  if (!body) return refusal(413, 'This is more than an e-mail address and a password.')
  const { url, method, headers } = request
  return console.auth.handler(new Request(url, { method, headers, body }))
}
