import { randomBytes } from 'node:crypto'

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Letters and digits as AWS uses them in access key IDs and user IDs. */
export function randomLetters(length: number): string {
  let letters = ''
  for (const byte of randomBytes(length)) letters += base32[byte % 32]
  return letters
}
