import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { environmentFileJsonSchema, environmentFileOf, readEnvironmentFile } from './environment-file.ts'
import { emptyEnvironment, environmentSchema } from './schema.ts'

const nothing = () => undefined
const arn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'

test('the published JSON Schema is made of the schema that reads files', () => {
  const file = path.join(import.meta.dirname, '../../public/backup-environment.schema.json')
  expect(readFileSync(file, 'utf8'), 'Run: node bin/bootstrap.mjs bin/write-environment-schema.ts').toBe(
    environmentFileJsonSchema(),
  )
})

test('what is left out is as an empty form has it', () => {
  const settings = readEnvironmentFile(JSON.stringify({ region: 'eu-central-1', masterKey: ` "${arn}",` }), nothing)
  expect(settings).toEqual({ ...emptyEnvironment, region: 'eu-central-1', masterKey: arn })
})

test('secrets come from environment variables, by name', () => {
  const file = {
    $schema: 'https://vault.example.com/backup-environment.schema.json',
    region: 'eu-central-1',
    masterKey: arn,
    furtherKeys: ['alias/break-glass'],
    hosted: false,
    bucket: 'our-backups',
    credentials: 'access-key',
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: { env: 'THE_SECRET' },
  }
  const variables: Record<string, string> = { THE_SECRET: 'wJalrXUtnFEMI' }
  expect(readEnvironmentFile(JSON.stringify(file), (name) => variables[name])).toMatchObject({
    secretAccessKey: 'wJalrXUtnFEMI',
    sessionToken: '',
    furtherKeys: [{ typed: 'alias/break-glass' }],
  })
  expect(() => readEnvironmentFile(JSON.stringify(file), nothing)).toThrow(
    'secretAccessKey: the environment variable THE_SECRET is not set.',
  )
})

test.each([
  ['{', /not JSON/],
  ['{}', /^region: It is missing\. Write a text in quotes\.$/],
  ['[]', /^The file: It must be an object/],
  [{ region: 'eu-central-1', encrypt: 'no' }, /^encrypt: It must be true or false, without quotes\.$/],
  [{ region: 'nowhere' }, /^region: Choose a Region/],
  [{ region: 'eu-central-1', masterKey: 'backups' }, /^masterKey: If this is an alias/],
  [{ region: 'eu-central-1', masterKey: arn, furtherKeys: [arn] }, /^furtherKeys\.0\.typed: .*already in the list/],
  [{ region: 'us-east-1', masterKey: arn }, /^masterKey: This key is in eu-central-1/],
  [{ region: 'eu-central-1', masterKey: arn, secretAccessKey: 'in the file' }, /^secretAccessKey: /],
  [{ region: 'eu-central-1', masterKey: arn, masterkey: 'x' }, /^The file: Nothing is called “masterkey” here\.$/],
])('%j is refused with its place', (file, message) => {
  const text = typeof file === 'string' ? file : JSON.stringify(file)
  expect(() => readEnvironmentFile(text, nothing)).toThrow(message)
})

test('what is shown is read back as the same settings', () => {
  for (const values of [
    { ...emptyEnvironment, region: 'eu-central-1', masterKey: 'alias/x', furtherKeys: [{ typed: arn }] },
    { ...emptyEnvironment, region: 'us-east-1', encrypt: false },
    {
      ...emptyEnvironment,
      region: 'us-east-1',
      method: 'AES-256' as const,
      hosted: false,
      bucket: 'ours-12',
      prefix: 'a/b',
      credentials: 'assume-role' as const,
      roleArn: 'arn:aws:iam::111122223333:role/vault/backups',
    },
  ]) {
    const settings = environmentSchema.parse(values)
    expect(readEnvironmentFile(JSON.stringify(environmentFileOf(settings)), nothing)).toEqual(settings)
  }
})

test('what is no JSON is told without what it holds', () => {
  const secret = 'wJalrXUtnFEMI/K7MDENG'
  for (const text of [
    `{ "secretAccessKey": ${secret} }`,
    `{"secretAccessKey": "a"${secret}}`,
    secret,
    `{"a":"${secret}`,
  ]) {
    const problem = () => readEnvironmentFile(text, () => undefined)
    expect(problem).toThrow(/^The file is not JSON: /)
    expect(problem).not.toThrow(/wJal/)
  }
})
