import { expect, test } from 'vitest'
import { parseIdempotencyKey } from './idempotency-key.ts'

test.each<[string | null, string | undefined]>([
  [null, undefined],
  ['"8e03978e-40d5-43dd-bc93-6894a57f9324"', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
  ['8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
  [' "with spaces, and a comma" ', 'with spaces, and a comma'],
  [String.raw`"a \"word\" and a \\"`, String.raw`a "word" and a \ `.trim()],
  ['x'.repeat(255), 'x'.repeat(255)],
])('%j names %j', (header, key) => {
  expect(parseIdempotencyKey(header)).toBe(key)
})

test.each([
  '',
  ' ',
  '""',
  '"',
  '"open',
  'two words',
  'one, two',
  '"one", "two"',
  '"one";a=1',
  '"grün"',
  'grün',
  '"a\tb"',
  String.raw`"a\b"`,
  'x'.repeat(256),
])('%j is refused', (header) => {
  expect(() => parseIdempotencyKey(header)).toThrow(expect.objectContaining({ code: 'invalid' }))
})
