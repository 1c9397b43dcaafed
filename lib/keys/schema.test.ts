import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { regions } from '#lib/aws/schema.ts'
import { emptyEnvironment, environmentSchema } from '#lib/environment/schema.ts'
import { type KeyIdentifierProblem, parseKeyIdentifier, regionOf, tidyKeyIdentifier } from './schema.ts'

const id = '1234abcd-12ab-34cd-56ef-1234567890ab'
const mrk = 'mrk-1234abcd12ab34cd56ef1234567890ab'
const account = '111122223333'
const arn = `arn:aws:kms:us-east-1:${account}:key/${id}`
const aliasArn = `arn:aws:kms:us-east-1:${account}:alias/backups`

describe('names that are taken', () => {
  const long = `alias/${'a'.repeat(250)}`
  test.each<[string, string, string?]>([
    [id, 'key-id'],
    [mrk, 'key-id'],
    ['alias/backups', 'alias'],
    ['alias/a', 'alias'],
    ['alias/team/prod/2026_backups-1', 'alias'],
    ['alias/AWS', 'alias'],
    ['alias/aws-backups', 'alias'],
    ['alias/0123', 'alias'],
    [long, 'alias'],
    [arn, 'key-arn', 'us-east-1'],
    [`arn:aws:kms:eu-central-1:${account}:key/${mrk}`, 'key-arn', 'eu-central-1'],
    [`arn:aws:kms:ap-southeast-7:${account}:key/${id}`, 'key-arn', 'ap-southeast-7'],
    [`arn:aws-cn:kms:cn-north-1:${account}:key/${id}`, 'key-arn', 'cn-north-1'],
    [`arn:aws-us-gov:kms:us-gov-west-1:${account}:key/${id}`, 'key-arn', 'us-gov-west-1'],
    [`arn:aws-eusc:kms:eusc-de-east-1:${account}:key/${id}`, 'key-arn', 'eusc-de-east-1'],
    [aliasArn, 'alias-arn', 'us-east-1'],
    [`arn:aws-cn:kms:cn-northwest-1:${account}:alias/team/backups`, 'alias-arn', 'cn-northwest-1'],
    [`arn:aws-us-gov:kms:us-gov-east-1:${account}:alias/x`, 'alias-arn', 'us-gov-east-1'],
  ])('%s', (value, kind, region) => {
    const parsed = parseKeyIdentifier(value)
    expect(parsed).toMatchObject({ ok: true, key: { kind, value } })
    if (!parsed.ok) return
    expect(regionOf(parsed.key)).toBe(region)
    if (parsed.key.kind === 'key-id') expect(parsed.key.multiRegion).toBe(value === mrk)
    if ('account' in parsed.key) expect(parsed.key.account).toBe(account)
    if ('partition' in parsed.key) expect(value.startsWith(`arn:${parsed.key.partition}:`)).toBe(true)
  })

  test('a key in each Region there is', () => {
    for (const { id: region, partition } of regions) {
      const value = `arn:${partition}:kms:${region}:${account}:key/${id}`
      expect(parseKeyIdentifier(value)).toMatchObject({ ok: true, key: { kind: 'key-arn', value, region, partition } })
    }
  })
})

test.each([
  ` ${arn}`,
  `${arn}\n`,
  `\t${arn}\r\n`,
  `"${arn}"`,
  `'${arn}'`,
  `\`${arn}\``,
  `“${arn}”`,
  `‘${arn}’`,
  `„${arn}“`,
  `«${arn}»`,
  `"${arn}",`,
  `${arn};`,
  `\u00a0${arn}\u00a0`,
  `\u2003${arn}\u3000`,
  `\u200b${arn}\u200b`,
  `\ufeff${arn}`,
  `${arn}\u200d\u2060`,
  `\u202a${arn}\u202c`,
  `\u2066${arn}\u2069`,
  ` "\u200b${arn}\u00a0" , `,
])('a paste of it: %j', (typed) => {
  expect(parseKeyIdentifier(typed)).toEqual(parseKeyIdentifier(arn))
  expect(tidyKeyIdentifier(typed)).toBe(arn)
})

describe('names that are not taken', () => {
  test.each<[string, KeyIdentifierProblem]>([
    ['', 'empty'],
    ['   ', 'empty'],
    ['""', 'empty'],
    ['\u200b', 'empty'],
    [',', 'empty'],
    ['backups', 'alias-without-prefix'],
    ['my/backups_key-1', 'alias-without-prefix'],
    ['Alias/backups', 'alias-without-prefix'],
    ['mrk-1234', 'alias-without-prefix'],
    ['1234abcd12ab34cd56ef1234567890ab', 'malformed'],
    ['1234abcd-12ab-34cd-56ef', 'malformed'],
    [`${id}0`, 'malformed'],
    [id.toUpperCase(), 'malformed'],
    ['11112222-3333-4444-5555-66667777888g', 'malformed'],
    ['alias/', 'malformed'],
    ['alias/with space', 'malformed'],
    ['alias/größe', 'malformed'],
    ['alias/back:ups', 'malformed'],
    ['alias/dot.ted', 'malformed'],
    ['alias/inner\u200bwidth', 'malformed'],
    [`alias/${'a'.repeat(251)}`, 'malformed'],
    ['alias/aws/s3', 'aws-managed-alias'],
    ['alias/aws/', 'aws-managed-alias'],
    [`arn:aws:kms:us-east-1:${account}:alias/aws/ebs`, 'aws-managed-alias'],
    ['key/1234abcd-12ab-34cd-56ef-1234567890ab', 'alias-without-prefix'],
    ['arn', 'alias-without-prefix'],
    ['arn:', 'malformed'],
    ['arn:aws:kms', 'malformed'],
    [`arn:aws:kms:us-east-1:${account}:`, 'malformed'],
    [`arn:aws:kms:us-east-1:${account}:key/`, 'malformed'],
    [`arn:aws:kms:us-east-1:${account}:key/1234`, 'malformed'],
    [`arn:aws:kms:us-east-1:${account}:key/${id}/more`, 'malformed'],
    [`arn:aws:kms:us-east-1:${account}:key/${id} ${id}`, 'malformed'],
    [`arn:aws:kms:us-east-1:${account}:${id}`, 'malformed'],
    [`arn:aws:kms:us-east-1:${account}:alias/`, 'malformed'],
    [`arn:aws:kms:us-east-1:${account}:grant/${id}`, 'malformed'],
    [`arn:aws:kms:us-east-1:11112222333:key/${id}`, 'malformed'],
    [`arn:aws:kms:us-east-1:1111222233334:key/${id}`, 'malformed'],
    [`arn:aws:kms:us-east-1::key/${id}`, 'malformed'],
    [`ARN:AWS:KMS:us-east-1:${account}:key/${id}`, 'malformed'],
    ['arn:aws:s3:::my-bucket', 'wrong-service'],
    [`arn:aws:iam::${account}:role/backup`, 'wrong-service'],
    [`arn:aws:secretsmanager:us-east-1:${account}:secret:x`, 'wrong-service'],
    [`arn:aws::us-east-1:${account}:key/${id}`, 'wrong-service'],
    [`arn:aws:kms:us-east-9:${account}:key/${id}`, 'unknown-region'],
    [`arn:aws:kms::${account}:key/${id}`, 'unknown-region'],
    [`arn:aws:kms:us-east-1a:${account}:key/${id}`, 'unknown-region'],
    [`arn:aws:kms:toString:${account}:key/${id}`, 'malformed'],
    [`arn:aws:kms:constructor:${account}:key/${id}`, 'unknown-region'],
    [`arn:aws:kms:cn-north-1:${account}:key/${id}`, 'wrong-partition'],
    [`arn:aws-cn:kms:us-east-1:${account}:key/${id}`, 'wrong-partition'],
    [`arn:aws-us-gov:kms:us-east-1:${account}:alias/x`, 'wrong-partition'],
    [`arn::kms:us-east-1:${account}:key/${id}`, 'wrong-partition'],
    ['https://console.aws.amazon.com/kms', 'malformed'],
    [`${arn} ${arn}`, 'malformed'],
    ['\u0000', 'malformed'],
    ['🔑', 'malformed'],
    ['x'.repeat(251), 'malformed'],
  ])('%j: %s', (typed, problem) => {
    const parsed = parseKeyIdentifier(typed)
    expect(parsed).toMatchObject({ ok: false, problem })
    if (!parsed.ok) expect(parsed.message).toMatch(/^[“A-Z].*\.$/)
  })

  test('an alias without its prefix is offered with it', () => {
    expect(parseKeyIdentifier('backups')).toMatchObject({ message: expect.stringContaining('“alias/backups”') })
  })
})

describe('any text', () => {
  const piece = fc.constantFrom(
    ...[
      'arn',
      'aws',
      'aws-cn',
      'kms',
      's3',
      'us-east-1',
      'eu-central-1',
      'nowhere-1',
      account,
      'key',
      'alias',
      'aws/s3',
    ],
    ...[id, mrk, ':', '/', '-', ' ', '"', '\u00a0', '\u200b', ',', ';', '\n', '“', '\0'],
  )
  const near = fc.array(piece, { maxLength: 14 }).map((parts) => parts.join(''))
  const shaped = fc
    .tuple(piece, piece, piece, piece, piece, fc.constantFrom('/', ':', ''), piece)
    .map(([a, b, c, d, e, between, f]) => `arn:${a}:${b}:${c}:${d}:${e}${between}${f}`)
  const spoiled = fc
    .tuple(
      fc.constantFrom(arn, aliasArn, id, mrk, 'alias/backups'),
      fc.nat(90),
      fc.string({ unit: 'binary', maxLength: 2 }),
    )
    .map(([text, at, insert]) => text.slice(0, at) + insert + text.slice(at))
  const any = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), near, shaped, spoiled, fc.constant(arn))
  const seed = 20_261_121

  test('never throws, is tidied once for all, and is taken alike wherever it comes from', () => {
    let taken = 0
    fc.assert(
      fc.property(any, (typed) => {
        const tidy = tidyKeyIdentifier(typed)
        expect(tidyKeyIdentifier(tidy)).toBe(tidy)
        expect(typed).toContain(tidy)
        const parsed = parseKeyIdentifier(typed)
        expect(parseKeyIdentifier(tidy)).toEqual(parsed)
        if (!parsed.ok) {
          expect(parsed.message.length).toBeGreaterThan(10)
          return
        }
        taken += 1
        expect(parsed.key.value).toBe(tidy)
        expect(tidy).toMatch(/^[a-zA-Z0-9:/_-]+$/)
      }),
      { numRuns: 12_000, seed },
    )
    expect(taken).toBeGreaterThan(1000)
  })

  test('the form’s schema says the same of it, and wants it to be of the Region', () => {
    fc.assert(
      fc.property(any, fc.constantFrom('us-east-1', 'eu-central-1', 'cn-north-1'), (masterKey, region: string) => {
        const parsed = parseKeyIdentifier(masterKey)
        const form = environmentSchema.safeParse({ ...emptyEnvironment, region, masterKey })
        const fits = parsed.ok && [undefined, region].includes(regionOf(parsed.key))
        expect(form.success).toBe(fits)
        if (form.success) expect(form.data.masterKey).toBe(tidyKeyIdentifier(masterKey))
        else expect(form.error.issues.map(({ path }) => path.join())).toEqual(['masterKey'])
        const without = environmentSchema.safeParse({ ...emptyEnvironment, region, masterKey, method: 'AES-256' })
        expect(without.success).toBe(true)
      }),
      { numRuns: 10_000, seed },
    )
  })
})

test('a key in capital letters is offered in small ones', () => {
  for (const small of [id, `arn:aws:kms:us-east-1:${account}:key/${id}`, 'mrk-1234abcd12ab34cd56ef1234567890ab'])
    expect(parseKeyIdentifier(small.toUpperCase())).toMatchObject({
      ok: false,
      message: expect.stringContaining(small),
    })
  expect(parseKeyIdentifier('alias/Backups')).toMatchObject({ ok: true })
})
