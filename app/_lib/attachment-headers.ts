/** Of what is streamed as a file: a browser shows and runs none of it, and nobody on the way keeps or changes it. */
export const attachmentHeaders = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox",
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
} as const
