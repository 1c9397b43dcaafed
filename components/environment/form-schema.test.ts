import { expect, test } from 'vitest'
import { findEndpointProblem } from '#lib/environment/endpoint-problem.ts'
import { emptyEnvironment } from '#lib/environment/schema.ts'
import { formSchema } from './form-schema.ts'

const allowedEndpoints = ['store.example.test:9000']
const settings = {
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
] as const)('%s %s: the form says what the server says', async (field, typed) => {
  const changed = { ...settings, [field]: ` ${typed} ` }
  const parsed = formSchema(allowedEndpoints).safeParse(changed)
  const server = await findEndpointProblem({ allowedEndpoints }, { ...settings, [field]: typed })
  expect(server).toMatchObject({ field, message: expect.any(String) })
  expect(parsed.error?.issues.map(({ path, message }) => ({ field: path.join('.'), message }))).toEqual([server])
})

test('what is allowed, or of no use, is not complained of', () => {
  const good = [{ s3Endpoint: 'https://store.example.test:9000' }, { hosted: true, kmsEndpoint: 'nothing' }, {}]
  for (const changes of good)
    expect(formSchema(allowedEndpoints).safeParse({ ...settings, ...changes }).error?.issues).toBeUndefined()
})
