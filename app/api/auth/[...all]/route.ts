import { refusal } from '#app/_lib/answer.ts'
import { limitedBody } from '#app/_lib/limited-body.ts'
import { whenOpen } from '#app/_lib/session.ts'
import { SignInTurns } from '#lib/auth/sign-in-turns.ts'
import { requestAddress } from '#lib/requests/request-address.ts'

// Of better-auth's own routes only signing in is used, so only that exists here. Signing out is an action, with an audit row.
const known = '/api/auth/sign-in/email'

/** An address and a password. Whoever sends this need not be anybody, and better-auth would hold all of it. */
const mostBytes = 16 * 1024
const turns = new SignInTurns()

export async function POST(request: Request): Promise<Response> {
  if (new URL(request.url).pathname !== known) return refusal(404, 'There is no such address.')
  const console = await whenOpen()
  if (console instanceof Response) return console
  const body = await limitedBody(request, mostBytes)
  if (!body) return refusal(413, 'This is more than an e-mail address and a password.')
  const { url, method, headers } = request
  const give = await turns.take(requestAddress())
  if (!give)
    return refusal(429, 'Too many people sign in at this moment.', 'Try again in some seconds.', {
      'x-retry-after': '5',
    })
  const answer = await console.auth.handler(new Request(url, { method, headers, body })).finally(give)
  // Its body names the session's token, which no script is to see: the cookie holds it.
  if (!answer.ok) return answer
  const signedIn = new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } })
  for (const cookie of answer.headers.getSetCookie()) signedIn.headers.append('set-cookie', cookie)
  return signedIn
}
