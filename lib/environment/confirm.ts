import type { Exposure } from './exposure.ts'
import { type Confirmation, type ConfirmationNeeded, unencryptedWord } from './save-schema.ts'

/** Decides about a change that destroys or exposes: it may be made, or not yet and what was wrong. */
export type Confirm = (exposure: Exposure) => Promise<'confirmed' | Pick<ConfirmationNeeded, 'wrong'>>

/**
 * For a person at a page.
 * @param verify what is wrong with the password, as a sentence; undefined when it is this person's
 */
export function confirmedBy(
  { password, word }: Confirmation,
  verify: (password: string) => Promise<string | undefined>,
): Confirm {
  return async ({ asks }) => {
    if (asks.includes('word') && word?.toLowerCase() !== unencryptedWord)
      return word ? { wrong: { what: 'word', message: `Type the word “${unencryptedWord}”.` } } : {}
    if (!asks.includes('password')) return 'confirmed'
    if (!password) return {}
    const message = await verify(password)
    return message === undefined ? 'confirmed' : { wrong: { what: 'password', message } }
  }
}
