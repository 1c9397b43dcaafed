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

/** For people: control characters, bidirectional marks and bytes that are no UTF-8 are escaped. */
export function displayPath(path: BytePath): string {
  const text = exactText(path)
  if (text === undefined)
    return path.replace(/[^ -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (c) => {
    const code = (c.codePointAt(0) ?? 0).toString(16)
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`
  })
}
