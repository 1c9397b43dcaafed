import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

// The supervisor gives its web server a token, and asks what answers on the port for a proof of it: another program that
// has taken the port by mistake has none. The token itself is never sent. It tells programs apart, and is no defence against
// one that passes questions on.

/** Of request and answer. */
export const proofHeader = 'x-vault-start'
/** No setting: it is made anew each time the console starts. */
const variable = 'VAULT_START_TOKEN'

/** What the supervisor keeps, and gives to its web server. */
export function newStart() {
  const token = randomBytes(32).toString('base64url')
  return {
    environment: { [variable]: token },
    /** A question of 32 hexadecimal digits, and whether what was answered proves that the token is known. */
    ask() {
      const question = randomBytes(16).toString('hex')
      const proof = Buffer.from(proofOf(token, question))
      return {
        headers: { [proofHeader]: question },
        isProof(answer: string | null): boolean {
          const given = Buffer.from(answer ?? '')
          return given.length === proof.length && timingSafeEqual(given, proof)
        },
      }
    },
  }
}

/** The web server's answer to the question of a request; nothing where nobody asks, or nobody started it so. */
export function answerStart(
  question: string | null,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const token = environment[variable]
  if (!token || !/^[0-9a-f]{32}$/.test(question ?? '')) return {}
  return { [proofHeader]: proofOf(token, question ?? '') }
}

const proofOf = (token: string, question: string) => createHmac('sha256', token).update(question).digest('base64url')
