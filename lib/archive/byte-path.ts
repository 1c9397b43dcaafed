import { isUtf8 } from 'node:buffer'

/**
 * A path or a name as the file system has it: bytes, one character U+0000 to U+00FF each (Latin-1).
 * Comparing two with `<` is byte order, and none is ever changed by a decoder.
 */
export type BytePath = string

const beyondAscii = /[\u0080-\u00ff]/

/** What node:fs takes: a string where that is exact, otherwise the bytes. */
export function toFsPath(path: BytePath): string | Buffer {
  return beyondAscii.test(path) ? Buffer.from(path, 'latin1') : path
}

export function toBytePath(path: string): BytePath {
  return Buffer.from(path, 'utf8').toString('latin1')
}

/** The path as text when its bytes are UTF-8. */
export function exactText(path: BytePath): string | undefined {
  if (!beyondAscii.test(path)) return path
  const bytes = Buffer.from(path, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

// Where U+200C and U+200D are part of how people write, and are seen (RFC 5892, appendices A.1 and A.2): in an emoji of
// several, as Unicode lists them; after a virama between Indic consonants; and, of the first, between Arabic letters that
// would be joined without it. Everywhere else they are invisible, and two names would look alike.
const consonants = [0x09_00, 0x09_80, 0x0a_00, 0x0a_80, 0x0b_00, 0x0b_80, 0x0c_00, 0x0c_80, 0x0d_00]
  .map((block) => `${hex(block + 0x15)}-${hex(block + 0x39)}`)
  .join('')
  .concat(String.raw`\u0958-\u095f\u09dc-\u09df\u09f0\u09f1\u0d9a-\u0dc6`)
const viramas = String.raw`\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca`
const joinsAfter = String.raw`\u0620\u0626\u0628\u062a-\u062e\u0633-\u063f\u0641-\u0647\u0649\u064a\u0678-\u0687\u069a-\u06bf\u06c1\u06c2\u06cc\u06ce\u06d0\u06d1\u06fa-\u06fc\u06ff`
const joinsBefore = String.raw`\u0622-\u063f\u0641-\u064a\u0671-\u0673\u0675-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06fc\u06ff`
const seenJoiners = [
  String.raw`\p{RGI_Emoji_ZWJ_Sequence}`,
  String.raw`(?<=[${consonants}][${viramas}])[\u200c\u200d](?=[${consonants}])`,
  String.raw`(?<=[${joinsAfter}]\p{Mn}*)\u200c(?=[${joinsBefore}])`,
].join('|')
const unseen = new RegExp(String.raw`(${seenJoiners})|[\p{Cc}\p{Cf}\u2028\u2029]`, 'gv')

function hex(code: number): string {
  return `\\u${code.toString(16).padStart(4, '0')}`
}

/**
 * For people: control characters, bidirectional marks, joiners where they join nothing and bytes that are no UTF-8 are
 * escaped.
 */
export function displayPath(path: BytePath): string {
  const text = exactText(path)
  if (text === undefined)
    return path.replace(/[^ -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
  return text.replace(unseen, (found, seen?: string) => {
    if (seen !== undefined) return found
    const code = found.codePointAt(0) ?? 0
    return code > 0xffff ? `\\u{${code.toString(16)}}` : hex(code)
  })
}
