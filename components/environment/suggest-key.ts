import { parseKeyIdentifier, tidyKeyIdentifier } from '#lib/keys/schema.ts'

/** What was probably meant by a key that cannot be one; undefined when nothing is near. */
export function suggestKey(typed: string): string | undefined {
  const value = tidyKeyIdentifier(typed)
  const near = [value.toLowerCase(), value.replace(/^key\//i, '').toLowerCase(), `alias/${value}`]
  return near.find((one) => one !== value && parseKeyIdentifier(one).ok)
}
