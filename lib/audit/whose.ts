import { readAddress } from '#lib/requests/trusted-proxies.ts'

/** Everybody else is kept in small letters; a phone begins an e-mail address with a capital one. */
const token = 'an API token'

/** Who is meant by what was typed: an address of either kind. */
export function whose(text: string): { address?: string; actor?: string } {
  const address = readAddress(text)
  if (address !== undefined) return { address }
  const small = text.toLowerCase()
  return { actor: small === token.toLowerCase() ? token : small }
}
