import { AppError } from '#lib/errors.ts'

// ASVS 5.0.0, 6.2.4, 6.2.11 and 6.2.12, without asking anybody. Looked for, in this order:
// 1. a piece that is repeated;
// 2. rows of keys, and characters that follow each other;
// 3. what other people's accounts were broken into with, digits and signs around it or not;
// 4. the e-mail address and the words of this product, with little besides.

/** So many characters must not follow from the one before. */
const fewest = 5
/** Digits and signs beside a known password: a date is not enough. */
const fewestBesideKnown = 8
/** As passwordSchema has it. */
const shortestPassword = 12
const littleMore = 'it is little more than the e-mail address, or words that everybody thinks of here.'
const productWords = [
  'vault',
  'console',
  'byok',
  'backup',
  'administrator',
  'admin',
  'password',
  'passphrase',
  'secret',
]
const keyRows = ['1234567890-=', 'qwertyuiop[]', "asdfghjkl;'", 'zxcvbnm,./']

/** @throws AppError `invalid`, with why and what makes a good one */
export async function refuseGuessable(password: string, email: string): Promise<void> {
  const why = await whyGuessable(password, email)
  if (why !== undefined) throw new AppError('invalid', `This password cannot be used: ${why}`, { field: 'password' })
}

/**
 * Why a password, or another secret that a person thinks up, is among those that are tried first.
 * @param email of whom it is
 * @returns undefined: it is not; otherwise what stands after a colon, and how to make a good one
 */
export async function whyGuessable(password: string, email: string): Promise<string | undefined> {
  const reason = await reasonFor(password.normalize('NFKC').toLowerCase(), email.toLowerCase())
  return (
    reason &&
    `${reason} Take four or more words that have nothing to do with each other, or have a password manager make one.`
  )
}

async function reasonFor(text: string, email: string): Promise<string | undefined> {
  const [core, beside] = coreOf(text)
  if (isShortPieceRepeated(text) || (isShortPieceRepeated(core) && fresh(beside) < fewestBesideKnown))
    return 'it repeats a short piece.'
  if (fresh(text) < fewest) return 'it is made of neighbouring keys, or of characters that follow each other.'

  const known = await knownPasswords()
  const words = [...wordsOf(email), ...productWords].sort((a, b) => b.length - a.length)
  for (const form of formsOf(pieceOf(text)))
    if (known.has(form)) return 'it is known, and so among the first that are tried.'
  if (fresh(beside) < fewestBesideKnown)
    for (const form of formsOf(pieceOf(core))) {
      if (known.has(form)) return 'it is known, with something before or after it.'
      if (words.includes(form)) return littleMore
    }

  for (const form of formsOf(text)) {
    const left = words.reduce((rest, word) => rest.replaceAll(word, ''), form)
    if (left !== form && fresh(left.replaceAll(/[^\p{L}\p{N}]/gu, '')) < fewest) return littleMore
  }
  return undefined
}

/** What begins and ends with a letter, and what stands around that. */
function coreOf(text: string): [string, string] {
  const core = /\p{L}(?:.*\p{L})?/su.exec(text)?.[0] ?? ''
  return core === '' ? [text, ''] : [core, text.replace(core, '')]
}

/** As typed, without what stands between, and with letters for the signs that stand for them. */
function formsOf(text: string): string[] {
  const joined = text.replaceAll(/[\s._-]/g, '')
  return [text, joined, joined.replaceAll(/[0134578@$!]/g, (sign) => letters[sign] ?? sign)]
}
const letters: Readonly<Record<string, string>> = {
  0: 'o',
  1: 'i',
  3: 'e',
  4: 'a',
  5: 's',
  7: 't',
  8: 'b',
  '@': 'a',
  $: 's',
  '!': 'i',
}

/** What the text is made of when it is written again and again, perhaps without the end the last time. */
function pieceOf(text: string): string {
  for (let length = 1; length <= text.length / 2; length += 1)
    if (text.startsWith(text.slice(length))) return text.slice(0, length)
  return text
}

/** A longer piece is a password itself. */
function isShortPieceRepeated(text: string): boolean {
  const piece = pieceOf(text)
  return piece !== text && piece.length < shortestPassword
}

/** How many characters do not follow from the one before them. */
function fresh(text: string): number {
  return Array.from(text).filter((one, at, all) => !follows(all[at - 1], one)).length
}

function follows(before: string | undefined, one: string): boolean {
  if (before === undefined) return false
  if (Math.abs((one.codePointAt(0) ?? 0) - (before.codePointAt(0) ?? 0)) <= 1) return true
  const [row, column] = placeOf(one)
  const [rowBefore, columnBefore] = placeOf(before)
  if (row < 0 || rowBefore < 0) return false
  const [down, across] = [Math.abs(row - rowBefore), Math.abs(column - columnBefore)]
  return down + across <= 1
}

function placeOf(character: string): [number, number] {
  const row = keyRows.findIndex((keys) => keys.includes(character))
  return [row, keyRows[row]?.indexOf(character) ?? -1]
}

/** The address, what stands before its @, and the parts of both. */
function wordsOf(email: string): string[] {
  const [local = ''] = email.split('@')
  return [email, local, ...email.split(/[^\p{L}\p{N}]+/u)].flatMap((word) => (word.length < 3 ? [] : [word]))
}

let loading: Promise<ReadonlySet<string>> | undefined
/** Some 50,000, a megabyte: only a process that is given a new password loads them. */
function knownPasswords(): Promise<ReadonlySet<string>> {
  loading ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) => new Set(dictionary['passwords-common'].filter((one) => one.length >= 3)),
  )
  return loading
}
