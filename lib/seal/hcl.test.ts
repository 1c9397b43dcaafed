import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type HclValue, parseHcl } from './hcl.ts'

const attributes = (text: string) => {
  const parsed = parseHcl(text)
  if (!parsed.ok) throw new Error(`${parsed.line}:${parsed.column} ${parsed.message}`)
  return Object.fromEntries(parsed.body.attributes.map(({ name, value }) => [name, value]))
}

test('a configuration of Vault, with everything that one holds', () => {
  const parsed = parseHcl(`
    # the usual
    ui = true
    disable_mlock = true // for raft
    listener "tcp" {
      address = "127.0.0.1:8200"
      tls_disable = 1
      telemetry { unauthenticated_metrics_access = true }
      custom_response_headers { "default" = { "Strict-Transport-Security" = ["max-age=31536000", "includeSubDomains"] } }
    }
    seal "awskms" {
      region     = "us-east-1" /* here */
      kms_key_id = "alias/unseal"
    }
  `)
  expect(parsed).toMatchObject({
    ok: true,
    body: {
      attributes: [{ name: 'ui', value: true, line: 3, column: 5 }, { name: 'disable_mlock' }],
      blocks: [
        {
          type: 'listener',
          labels: ['tcp'],
          body: {
            attributes: [{ value: '127.0.0.1:8200' }, { value: 1 }],
            blocks: [
              { type: 'telemetry' },
              {
                body: {
                  attributes: [{ value: { 'Strict-Transport-Security': ['max-age=31536000', 'includeSubDomains'] } }],
                },
              },
            ],
          },
        },
        { type: 'seal', labels: ['awskms'], line: 11, column: 5 },
      ],
    },
  })
})

test.each<[string, HclValue]>([
  ['""', ''],
  ['"a \\"b\\" \\\\ \\n\\t \\u00e9 \\U0001F511"', 'a "b" \\ \n\t é 🔑'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: that is what is tested
  ['"${not.evaluated}"', '${not.evaluated}'],
  ['"# no comment // at all"', '# no comment // at all'],
  ['-3', -3],
  ['1.5e3', 1500],
  ['0x1F', 31],
  ['true', true],
  ['[1, "two", [false],]', [1, 'two', [false]]],
  ['{ a = 1, "b c" : "2" }', { a: 1, 'b c': '2' }],
  ['<<EOF\n  one\ntwo\nEOF', '  one\ntwo\n'],
  ['<<-EOF\n    one\n      two\n\n    EOF\n', 'one\n  two\n\n'],
  ['<<EOF\nEOF', ''],
])('%s', (text, value) => {
  expect(attributes(`x = ${text}`)).toEqual({ x: value })
  expect(attributes(`x = ${text}\n`.replaceAll('\n', '\r\n'))).toEqual({ x: value })
})

test.each([
  ['seal "awskms" {', 1, 15, 'never closed'],
  ['}', 1, 1, 'no “{”'],
  ['a = ', 1, 5, 'Expected a value, found the end'],
  ['a = b', 1, 5, 'Text needs quotes'],
  ['a = "b', 1, 5, 'no closing quote'],
  ['a = "b\n"', 1, 5, 'no closing quote'],
  ['a = "\\x"', 1, 6, 'means nothing'],
  ['a = "\\u12"', 1, 6, '4 hexadecimal digits'],
  ['a = "\\UFFFFFFFF"', 1, 6, '8 hexadecimal digits'],
  ['a = [1, 2', 1, 5, 'never closed'],
  ['a = [1 2]', 1, 8, 'Expected “,” or “]”'],
  ['a = { b 1 }', 1, 9, 'Expected “=”'],
  ['\n\n  a = 1\n  a = 2', 4, 3, 'set twice'],
  ['a = { b = 1, b = 2 }', 1, 14, 'set twice'],
  ['/* never', 1, 1, 'comment is never closed'],
  ['a = <<EOF\nx', 1, 5, 'never ended by a line “EOF”'],
  ['= 1', 1, 1, 'Expected an attribute'],
  ['a', 1, 1, 'After “a” comes'],
  ['a = 1x', 1, 5, 'Expected a value'],
  ['a = '.concat('['.repeat(500)), 1, 69, 'nested too deeply'],
  ['a {'.repeat(500), 1, 195, 'nested too deeply'],
])('%j is refused at its place', (text, line, column, message) => {
  expect(parseHcl(text)).toEqual({ ok: false, line, column, message: expect.stringContaining(message) })
})

// As in a line whose quotes, equals sign or both were forgotten: the message goes into logs and onto pages.
test.each([
  'secret_key = SECRET',
  'secret_key = 7SECRET',
  'secret_key = /SECRET',
  'secret_key = -SECRET',
  'secret_key: "SECRET"',
  'secret_key:"SECRET"',
  'secret_key SECRET',
  'secret_key SECRET/SECRET',
  'secret_key = "SECRET',
  'secret_key = SECRET"',
  'secret_key = "a"/SECRET"',
  'secret_key = [SECRET]',
  'secret_key = { SECRET }',
])('what is wrong about %j is said without what it holds', (line) => {
  const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCY'
  const parsed = parseHcl(`seal "awskms" {\n${line.replaceAll('SECRET', secret)}\n}`)
  expect(parsed).toMatchObject({ ok: false, line: 2 })
  for (const piece of secret.split('/')) expect(JSON.stringify(parsed)).not.toContain(piece.slice(0, 6))
})

test('no text makes it throw or run long', () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.constantFrom(
      'seal',
      '"awskms"',
      '{',
      '}',
      '[',
      ']',
      '=',
      ',',
      '"',
      '\\',
      '<<EOF\n',
      '<<-E\n',
      'EOF',
      '\n',
      '/*',
      '*/',
      '#',
      '//',
      '1',
      '-',
      'true',
      ' ',
      '__proto__',
      '${',
      '\\u',
    ),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const parsed = parseHcl(pieces.join(''))
      if (!parsed.ok) {
        expect(parsed.message).not.toBe('')
        expect(parsed.line).toBeGreaterThan(0)
        expect(parsed.column).toBeGreaterThan(0)
      }
    }),
    { numRuns: 5000 },
  )
})

const name = fc.stringMatching(/^[a-z_][a-z0-9_-]{0,8}$/)
const { value } = fc.letrec<{ value: HclValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => (Object.is(one, -0) ? 0 : one)),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 5 }), tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}))

/** JSON's escapes of what HCL cannot have inside quotes: ends of lines, and control characters. */
const quoted = (text: string) =>
  `"${text.replace(/["\\]/g, '\\$&').replace(/[\p{Cc}]/gu, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`
function written(one: HclValue): string {
  if (typeof one === 'string') return quoted(one)
  if (typeof one === 'number') return one.toString().replace('e+', 'e')
  if (typeof one === 'boolean') return String(one)
  if (Array.isArray(one)) return `[${one.map(written).join(', ')}]`
  return `{ ${Object.entries(one)
    .map(([key, inner]) => `${quoted(key)} = ${written(inner)}`)
    .join('\n')} }`
}

test('what is written is read back', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 4 }), (pairs) => {
      const text = pairs.map(([key, one]) => `${key} = ${written(one)} # note`).join('\n')
      expect(attributes(text)).toEqual(Object.fromEntries(pairs))
    }),
    { numRuns: 2000 },
  )
})
