// The Content-Security-Policy is not here but in proxy.ts: it needs a nonce for every request.
const headers = [
  { key: 'X-Content-Type-Options', value: 'nosniff' },
  // Not `no-referrer`: with that a browser says `Origin: null` for a form that is sent before the page's script runs, and
  // Next refuses the action.
  { key: 'Referrer-Policy', value: 'same-origin' },
  { key: 'Cross-Origin-Opener-Policy', value: 'same-origin' },
  { key: 'Cross-Origin-Resource-Policy', value: 'same-origin' },
  {
    key: 'Permissions-Policy',
    value: 'camera=(), microphone=(), geolocation=(), payment=(), usb=(), clipboard-read=(), clipboard-write=(self)',
  },
]

const noScripts =
  "default-src 'none'; style-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** @type {import('next').NextConfig} */
export default {
  poweredByHeader: false,
  reactStrictMode: true,
  devIndicators: false,
  // Types are checked by `npm run check`, tests included; a console that starts need not do it again.
  typescript: { ignoreBuildErrors: true },
  images: { unoptimized: true },
  serverExternalPackages: [
    'pg',
    'pg-boss',
    '@aws-crypto/decrypt-node',
    '@aws-crypto/encrypt-node',
    '@aws-crypto/material-management-node',
    '@aws-crypto/raw-aes-keyring-node',
  ],
  experimental: { serverActions: { bodySizeLimit: '256kb' } },
  headers: async () => [
    { source: '/:path*', headers },
    // Next's own files are no pages, and proxy.ts lets them by. Where there is no such file there is a page that says so.
    { source: '/_next/:path*', headers: [{ key: 'Content-Security-Policy', value: noScripts }] },
    // Pages name keys, folders and people: nothing keeps a copy. Route handlers set their own.
    { source: '/((?!_next/static|api/).*)', headers: [{ key: 'Cache-Control', value: 'no-store' }] },
  ],
}
