import { whenOpen } from '#app/_lib/session.ts'

// better-auth's own routes. Of these only signing in and out are used, so only these exist here.
const known = new Set(['/api/auth/sign-in/email', '/api/auth/sign-out'])

export async function POST(request: Request): Promise<Response> {
  if (!known.has(new URL(request.url).pathname)) return Response.json({ message: 'Not found.' }, { status: 404 })
  const console = await whenOpen()
  return console instanceof Response ? console : console.auth.handler(request)
}
