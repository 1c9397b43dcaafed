import { type NextRequest, NextResponse } from 'next/server'
import { sealedPage } from '#app/_lib/sealed-page.ts'

// Set by app/_lib/console.ts while the seal does not open.
const kept: { vaultSealed?: Parameters<typeof sealedPage>[0] } & typeof globalThis = globalThis

/**
 * Answers for every page that the console is sealed, while it is. Sets the Content-Security-Policy of
 * every page, with a nonce that Next puts on its own scripts.
 * It decides nothing about who may see what: pages, actions and route handlers do that themselves.
 */
export function proxy(request: NextRequest) {
  const nonce = Buffer.from(crypto.randomUUID()).toString('base64')
  // React builds error stacks with eval while developing, never in production.
  const development = process.env.NODE_ENV === 'development' ? " 'unsafe-eval'" : ''
  const policy = [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${development}`,
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
  const headers = new Headers(request.headers)
  headers.set('content-security-policy', policy)
  const sealed = kept.vaultSealed
  // A server action answers in words of its own: app/_lib/action.ts. Not a rewrite to a page: with `--hostname 127.0.0.1`
  // Next takes its own address for another host, and asks itself for ever.
  const isAction = request.method === 'POST' && request.headers.has('next-action')
  const response =
    sealed && !isAction
      ? new NextResponse(sealedPage(sealed, nonce, request.cookies.get('theme')?.value), {
          status: 503,
          headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', 'retry-after': '15' },
        })
      : NextResponse.next({ request: { headers } })
  response.headers.set('content-security-policy', policy)
  return response
}

// Not /api: on a path matched here Next passes on only the first 10 MB of a request's body.
export const config = { matcher: '/((?!api/|_next/static|_next/image).*)' }
