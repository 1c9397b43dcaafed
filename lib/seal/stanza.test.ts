import { expect, test } from 'vitest'
import { readSealStanza } from './stanza.ts'

test('the stanza of HashiCorp’s manual', () => {
  const text = `seal "awskms" {
    region     = "us-east-1"
    access_key = "AKIAIOSFODNN7EXAMPLE"
    secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    kms_key_id = "19ec80b0-dfdd-4d97-8164-c6examplekey"
    endpoint   = "https://vpce-0e1bb1852241f8cc6-pzi0do8n.kms.us-east-1.vpce.amazonaws.com"
  }`
  expect(readSealStanza(`ui = true\n${text}\nlistener "tcp" {}`)).toEqual({
    ok: true,
    stanza: {
      region: 'us-east-1',
      accessKey: 'AKIAIOSFODNN7EXAMPLE',
      secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
      kmsKeyId: '19ec80b0-dfdd-4d97-8164-c6examplekey',
      endpoint: 'https://vpce-0e1bb1852241f8cc6-pzi0do8n.kms.us-east-1.vpce.amazonaws.com',
      disabled: false,
      unknown: [],
    },
  })
})

test('the inner lines alone, empty parameters, and what is not known', () => {
  expect(
    readSealStanza('kms_key_id = " alias/x "\nregion = ""\npriority = 1\nallowed { a = 1 }\ndisabled = "true"'),
  ).toEqual({
    ok: true,
    stanza: { kmsKeyId: 'alias/x', disabled: true, unknown: ['allowed', 'priority'] },
  })
})

test.each([
  ['', 'There is no seal "awskms"'],
  ['seal "transit" {}', 'type “transit”'],
  ['seal "awskms" {}\nseal "awskms" {}', 'second one starts in line 2'],
  ['seal "awskms" {\n  region = 1\n}', 'Line 2, column 3: “region” must be text'],
  ['seal "awskms" { disabled = "perhaps" }', '“disabled” is either true or false'],
  ['seal "awskms" {\n  region = us-east-1\n}', 'Line 2, column 12: Text needs quotes'],
])('%j says what is wrong', (text, message) => {
  expect(readSealStanza(text)).toEqual({ ok: false, message: expect.stringContaining(message) })
})

test.each([
  ['"T"', true],
  ['"TRUE"', true],
  ['true', true],
  ['"f"', false],
  ['""', false],
])('disabled = %s is as VAULT_CONFIG has it', (word, disabled) => {
  expect(readSealStanza(`kms_key_id = "alias/x"\ndisabled = ${word}`)).toMatchObject({ ok: true, stanza: { disabled } })
})
