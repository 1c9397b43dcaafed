import type { z } from 'zod'
import type { AppError } from '#lib/errors.ts'

// How manifests and catalogues are written: a line that says what this is, a line for each thing, a line that shows it is
// whole. docs/format.md describes both.

export function encodeJsonLines(lines: readonly object[]): Buffer {
  return Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
}

/**
 * @param bad makes an error of what is wrong, a clause such as `is not whole.`
 * @returns the first and the last line, those between them, and what reads one of these
 * @throws what `bad` makes
 */
export function readJsonLines<Head, End>(
  bytes: Buffer,
  { head, end }: { readonly head: z.ZodType<Head>; readonly end: z.ZodType<End> },
  bad: (what: string, cause?: unknown) => AppError,
): {
  readonly head: Head
  readonly end: End
  readonly lines: readonly string[]
  readonly parse: <T>(schema: z.ZodType<T>, line: string) => T
} {
  const lines = bytes.toString('utf8').split('\n')
  const parse = <T>(schema: z.ZodType<T>, line = ''): T => {
    try {
      return schema.parse(JSON.parse(line))
    } catch (cause) {
      throw bad('is not as this format demands, or not whole.', cause)
    }
  }
  if (lines.pop() !== '') throw bad('is not whole.')
  return { head: parse(head, lines.shift()), end: parse(end, lines.pop()), lines, parse }
}
