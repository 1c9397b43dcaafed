import { AppError } from '#lib/errors.ts'

// draft-ietf-httpapi-idempotency-key-header: a string of RFC 9651, in quotes. Many clients leave the quotes out, which
// names the same key; two header lines come joined by a comma, which no bare key has.

const quoted = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"$/
const bare = /^[\x21\x23-\x2b\x2d-\x7e]+$/
const longest = 255

/**
 * What the header `Idempotency-Key` says; undefined where there is none.
 * @throws AppError `invalid`
 */
export function parseIdempotencyKey(header: string | null): string | undefined {
  if (header === null) return undefined
  const text = header.trim()
  const key = quoted.exec(text)?.[1]?.replace(/\\(.)/g, '$1') ?? bare.exec(text)?.[0]
  if (key !== undefined && key.length <= longest) return key
  throw new AppError('invalid', 'The header Idempotency-Key cannot be used.', {
    fix: `Send one, with 1 to ${longest} characters of ASCII in quotes, such as a new UUID for each backup.`,
  })
}
