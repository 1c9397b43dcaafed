import { expect, test } from 'vitest'
import { findEndpointProblem } from './endpoint-problem.ts'
import { emptyEnvironment, environmentFormSchema } from './schema.ts'

const allowed = { allowedEndpoints: ['localhost:9000', '169.254.169.254'] }
const settings = { region: 'us-east-1', hosted: false, kmsEndpoint: '', s3Endpoint: '' }
const find = (changes: Partial<typeof settings>) => findEndpointProblem(allowed, { ...settings, ...changes })

test('nothing to say where nothing was entered, and of a bucket that is hosted here', async () => {
  expect(await find({})).toBeUndefined()
  expect(await find({ hosted: true, kmsEndpoint: 'http://127.0.0.1' })).toBeUndefined()
})

test.each([
  ['kmsEndpoint', 'http://kms.us-east-1.amazonaws.com', 'https'],
  ['kmsEndpoint', 'https://evil.example', 'VAULT_ALLOWED_ENDPOINTS'],
  ['s3Endpoint', 'https://kms.us-east-1.amazonaws.com', 'AWS KMS'],
  ['s3Endpoint', 'https://s3.eu-west-1.amazonaws.com', 'Region eu-west-1, but the chosen Region is us-east-1'],
  ['s3Endpoint', 'https://169.254.169.254', 'does not connect there'],
] as const)('%s %s', async (field, typed, words) => {
  expect(await find({ [field]: typed })).toEqual({ field, message: expect.stringContaining(words) })
})

test('an entry that names this machine may lead here', async () => {
  expect(await find({ s3Endpoint: 'https://localhost:9000' })).toBeUndefined()
})

const store = ['store.example.test:9000']
const filled = {
  ...emptyEnvironment,
  region: 'us-east-1',
  masterKey: 'alias/backups',
  hosted: false,
  bucket: 'ours',
}

test.each([
  ['kmsEndpoint', 'kms.us-east-1.amazonaws.com'],
  ['kmsEndpoint', 'http://kms.us-east-1.amazonaws.com'],
  ['kmsEndpoint', 'https://kms.eu-west-1.amazonaws.com'],
  ['kmsEndpoint', 'https://s3.us-east-1.amazonaws.com'],
  ['s3Endpoint', 'https://169.254.169.254'],
  ['s3Endpoint', 'https://store.example.test'],
  ['s3Endpoint', 'not an address'],
] as const)('the form says of %s %s what the server says', async (field, typed) => {
  const parsed = environmentFormSchema(store).safeParse({ ...filled, [field]: ` ${typed} ` })
  const server = await findEndpointProblem({ allowedEndpoints: store }, { ...filled, [field]: typed })
  expect(server).toMatchObject({ field, message: expect.any(String) })
  expect(parsed.error?.issues.map(({ path, message }) => ({ field: path.join('.'), message }))).toEqual([server])
})

test('the form does not complain of what is allowed or does not count', () => {
  for (const changes of [{ s3Endpoint: 'https://store.example.test:9000' }, { hosted: true, kmsEndpoint: 'x' }, {}])
    expect(environmentFormSchema(store).safeParse({ ...filled, ...changes }).error?.issues).toBeUndefined()
})
