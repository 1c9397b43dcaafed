import { expect, test } from 'vitest'
import { emptyEnvironment, environmentFormSchema, environmentSchema } from './schema.ts'

const long = 'x'.repeat(5000)
const typed = {
  ...emptyEnvironment,
  ...{ region: 'us-east-1', masterKey: long, furtherKeys: [{ typed: long }] },
  ...{ label: long, bucket: long, prefix: `/${long}`, kmsEndpoint: 'nowhere', s3Endpoint: 'nowhere' },
  ...{ accessKeyId: long, secretAccessKey: long, sessionToken: long, roleArn: long },
}
const own = { hosted: false, label: '', bucket: 'ours-12', prefix: '', kmsEndpoint: '', s3Endpoint: '' }

test.each([
  ['AES-256', { method: 'AES-256' }],
  ['no encryption', { encrypt: false }],
  ['AES-256 in an own bucket', { method: 'AES-256', ...own }],
] as const)('%s: what is not shown keeps nobody from saving, and is as a revision keeps it', (_, changes) => {
  const values = { ...typed, ...changes }
  const result = environmentFormSchema([]).safeParse(values)
  expect(result.error?.issues).toBe(undefined)
  const { encrypt, method, hosted } = values
  expect(result.data).toEqual({
    ...emptyEnvironment,
    region: 'us-east-1',
    encrypt,
    method,
    hosted,
    ...(!hosted && own),
  })
})

test('what is shown is checked as ever', () => {
  const paths = (changes: object) =>
    environmentFormSchema([])
      .safeParse({ ...typed, ...changes })
      .error?.issues.map(({ path }) => path[0])
  expect(paths({})).toEqual(expect.arrayContaining(['masterKey', 'furtherKeys']))
  const method = 'AES-256'
  expect(paths({ method, hosted: false })).toEqual(expect.arrayContaining(['label', 'bucket', 'prefix', 'kmsEndpoint']))
  expect(paths({ method, ...own, credentials: 'access-key' })).toEqual(
    expect.arrayContaining(['accessKeyId', 'secretAccessKey', 'sessionToken']),
  )
  expect(paths({ method, ...own, credentials: 'assume-role' })).toContain('roleArn')
})

test('anything else than settings is refused, not thrown at', () => {
  for (const value of [null, 'x', [], {}, { ...typed, method: 'ROT13' }])
    expect(environmentSchema.safeParse(value).success).toBe(false)
})
