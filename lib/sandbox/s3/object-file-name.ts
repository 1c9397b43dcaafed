import { createHash, randomBytes } from 'node:crypto'

/** File systems allow 255 bytes; the rest is room for the ending. */
const readableLimit = 180

/** Percent-encoded, so that no key can leave the folder; a long key is cut and told apart by its hash. */
function safeName(key: string): string {
  const encoded = encodeURIComponent(key).replace(/[!'()*~]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  })
  if (encoded.length <= readableLimit) return encoded
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 32)
  return `${encoded.slice(0, readableLimit - 40).replace(/%[0-9A-F]?$/, '')}~${hash}`
}

/** A name that no other file has, which still tells a person whose data it is. */
export function objectFileName(key: string): string {
  return `${safeName(key)}.${randomBytes(8).toString('hex')}`
}
