import { expect, test } from 'vitest'
import { awskmsParameters, readSealSettings } from './seal-settings.ts'

const file = '/etc/vault-console.hcl'
const read = (text: string | undefined, variables: Record<string, string> = {}) =>
  readSealSettings({ config: text === undefined ? undefined : { file, text }, variables })
function awskms(text: string | undefined, variables: Record<string, string> = {}) {
  const { active } = read(text, variables)
  if (active.type !== 'awskms') throw new Error('not awskms')
  return active.settings
}
const example = `seal "awskms" {
  region     = "us-east-1"
  access_key = "AKIAIOSFODNN7EXAMPLE"
  secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
  kms_key_id = "19ec80b0-dfdd-4d97-8164-c6examplekey"
  endpoint   = "https://vpce-0e1bb1852241f8cc6-pzi0do8n.kms.us-east-1.vpce.amazonaws.com"
}`

test('neither file nor variable: local', () => {
  for (const text of [undefined, '', '# nothing\nlistener "tcp" { address = "0.0.0.0:8200" }', 'ui = true'])
    expect(read(text)).toEqual({ active: { type: 'local' }, leaving: undefined })
})

test('the reference’s example is accepted as it stands', () => {
  const settings = awskms(example)
  expect(Object.fromEntries(Object.entries(settings).map(([name, one]) => [name, one?.source]))).toEqual({
    region: `${file}:2`,
    access_key: `${file}:3`,
    secret_key: `${file}:4`,
    kms_key_id: `${file}:5`,
    endpoint: `${file}:6`,
  })
  expect(settings.kms_key_id?.value).toBe('19ec80b0-dfdd-4d97-8164-c6examplekey')
})

test('a heredoc, and white space around a value, are the value', () => {
  const settings = awskms(
    'seal "awskms" {\n  kms_key_id = <<EOF\nalias/a\nEOF\n  region = " eu-west-1 "\n  secret_key = <<-EOF\n    s/e+c\n    EOF\n access_key = "A"\n endpoint = " "\n}',
  )
  expect(Object.fromEntries(Object.entries(settings).map(([name, one]) => [name, one?.value]))).toEqual({
    kms_key_id: 'alias/a',
    region: 'eu-west-1',
    secret_key: 's/e+c',
    access_key: 'A',
  })
})

test('by environment alone', () => {
  expect(
    awskms(undefined, { VAULT_SEAL_TYPE: 'awskms', VAULT_AWSKMS_SEAL_KEY_ID: 'alias/a', AWS_REGION: 'eu-west-1' }),
  ).toEqual({
    kms_key_id: { value: 'alias/a', source: 'VAULT_AWSKMS_SEAL_KEY_ID', shadows: [] },
    region: { value: 'eu-west-1', source: 'AWS_REGION', shadows: [] },
  })
  expect(() => read(undefined, { VAULT_SEAL_TYPE: 'awskms' })).toThrow('none is named')
  expect(() => read(undefined, { VAULT_SEAL_TYPE: 'transit' })).toThrow('VAULT_SEAL_TYPE is “transit”')
  expect(read(undefined, { VAULT_AWSKMS_SEAL_KEY_ID: 'alias/a' }).active).toEqual({ type: 'local' })
})

// Each parameter: in the file alone, in each of its variables alone, in both.
const rows = Object.entries(awskmsParameters).flatMap(([parameter, names]) =>
  parameter === 'disabled'
    ? []
    : [
        { parameter, inFile: true, set: [] as string[], source: `${file}:2` },
        ...names.flatMap((name) => [
          { parameter, inFile: false, set: [name], source: name },
          { parameter, inFile: true, set: [name], source: name },
        ]),
        { parameter, inFile: true, set: [...names], source: names[0] ?? '' },
        { parameter, inFile: false, set: [...names], source: names[0] ?? '' },
      ],
)
test.each(rows)('$parameter, in the file: $inFile, in $set: from $source', ({ parameter, inFile, set, source }) => {
  const line = inFile ? `  ${parameter} = "from file"` : ''
  const key = parameter === 'kms_key_id' ? '' : '\n  kms_key_id = "alias/a"'
  const settings = awskms(
    `seal "awskms" {\n${line}${key}\n}`,
    Object.fromEntries(set.map((name) => [name, `from ${name}`])),
  )
  const found = Object.entries(settings).find(([name]) => name === parameter)?.[1]
  expect(found).toEqual({
    value: source.startsWith('/') ? 'from file' : `from ${source}`,
    source,
    shadows: [...set.slice(1), ...(inFile && set.length > 0 ? [`${file}:2`] : [])],
  })
})

test('AWS_REGION wins over AWS_DEFAULT_REGION, always', () => {
  const both = { AWS_DEFAULT_REGION: 'eu-west-1', AWS_REGION: 'us-west-2' }
  expect(awskms(example, both).region).toEqual({
    value: 'us-west-2',
    source: 'AWS_REGION',
    shadows: ['AWS_DEFAULT_REGION', `${file}:2`],
  })
})

test.each([
  ['seal "awskms" {\n  kms_key = "a"\n}', `${file}:2:3: “kms_key” is not a parameter`],
  ['seal "transit" { }', `${file}:1:1: The seal “transit” is not known`],
  ['seal { }', `${file}:1:1: The seal “” is not known`],
  ['seal "awskms" {\n  region = 5\n}', `${file}:2:3: “region” must be text`],
  ['seal "awskms" {\n  region = "a\n}', `${file}:2:12: `],
  ['seal "awskms" {', `${file}:1:15: `],
  ['seal "awskms" { disabled = "maybe" }', `${file}:1:17: “disabled” is “maybe”`],
  [
    'seal "awskms" { kms_key_id = "a" }\nseal "awskms" { kms_key_id = "b" }',
    `${file}:2:1: There is a second seal stanza`,
  ],
  ['seal "awskms" { retry { } }', `${file}:1:17: A seal stanza holds no block “retry”`],
  ['seal "awskms" { region = "us-east-1" }', 'none is named'],
])('refused with its place: %s', (text, message) => {
  expect(() => read(text)).toThrow(message)
})

test('a disabled stanza is the seal that is being left; the variables speak for it unless there is another', () => {
  const disabled = example.replace('}', '  disabled = "true"\n}')
  const variables = { AWS_REGION: 'eu-west-1', VAULT_AWSKMS_SEAL_KEY_ID: 'alias/new' }
  const { active, leaving } = read(disabled, variables)
  expect(active).toEqual({ type: 'local' })
  // As before it was disabled.
  expect(leaving).toEqual({ ...awskms(example, variables), disabled: expect.anything() })
  const both = read(`${disabled}\nseal "awskms" { kms_key_id = "alias/other" }`, variables)
  expect(both.active).toMatchObject({ type: 'awskms', settings: { kms_key_id: { value: 'alias/new' } } })
  expect(both.leaving?.kms_key_id?.value).toBe('19ec80b0-dfdd-4d97-8164-c6examplekey')
  expect(both.leaving?.region).toEqual({ value: 'us-east-1', source: `${file}:2`, shadows: [] })
  expect(read(example.replace('}', '  disabled = "false"\n}')).active.type).toBe('awskms')
})
