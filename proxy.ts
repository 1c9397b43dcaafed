import { type NextRequest, NextResponse } from 'next/server'

// Set by app/_lib/console.ts while the seal does not open.
const kept: { vaultSealed?: unknown } & typeof globalThis = globalThis

/**
 * Sends every page to the one that says that the console is sealed, while it is. Sets the Content-Security-Policy of
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
  // A server action answers in words of its own: app/_lib/action.ts.
  const isPage = !request.headers.has('next-action')
  const response =
    kept.vaultSealed && isPage
      ? NextResponse.rewrite(new URL('/sealed', request.url), { request: { headers }, status: 503 })
      : NextResponse.next({ request: { headers } })
  response.headers.set('content-security-policy', policy)
  return response
}

// Not /api: on a path matched here Next passes on only the first 10 MB of a request's body.
export const config = { matcher: '/((?!api/|_next/static|_next/image).*)' }
