import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { settings } from '#lib/backup/console-for-tests.ts'
import { sandboxConsole } from '#lib/backup/sandbox-console-for-tests.ts'
import type { EnvironmentContext } from './access.ts'
import { type HostSettings, viewEffectiveConfiguration } from './effective-configuration.ts'
import { saveEnvironment } from './save-environment.ts'
import type { EffectiveValue, EnvironmentInput } from './schema.ts'

const here = sandboxConsole()
afterEach(() => vi.unstubAllEnvs())

const save = async (changes: Partial<EnvironmentInput> = {}) => {
  const base = await here.newest()
  const input = settings({ masterKey: here.key('backups'), ...changes })
  const options = { confirm: async () => 'confirmed' as const }
  expect(await saveEnvironment(here.context, input, base, 'admin@example.test', options)).toMatchObject({
    status: 'success',
  })
}
const ownBucket = { hosted: false, bucket: 'vault-hosted-us-east-1', prefix: 'console' }
const host = (changes: Partial<HostSettings> = {}): HostSettings => ({
  awsVariables: {},
  sealCredentials: undefined,
  ...changes,
})
async function view(settingsOfHost: HostSettings = host(), context: EnvironmentContext = here.context) {
  const found = await viewEffectiveConfiguration(context, settingsOfHost)
  if (!found) throw new Error('Nothing was saved')
  for (const secret of [here.sandbox.administrator.secretAccessKey]) expect(JSON.stringify(found)).not.toContain(secret)
  const value = (name: EffectiveValue['name']) => found.values.find((one) => one.name === name)
  return { ...found, value }
}
const short = (id: string) => `access key ${id.slice(0, 4)}…${id.slice(-4)}`

test('nothing was ever saved', async () => {
  expect(await viewEffectiveConfiguration(here.context, host())).toBeUndefined()
})

describe('in the sandbox', () => {
  test('hosted: Region and key from the form, the rest from the sandbox', async () => {
    await save()
    const { endpoint } = here.sandbox.sandbox
    const found = await view(host({ awsVariables: { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'eu-west-2' } }))
    expect(found.value('Region')).toEqual({
      name: 'Region',
      value: 'us-east-1',
      source: 'this form',
      shadows: [
        { source: 'AWS_REGION', value: 'eu-west-1' },
        { source: 'AWS_DEFAULT_REGION', value: 'eu-west-2' },
      ],
    })
    expect(found.value('Credentials')).toMatchObject({
      value: short(here.sandbox.administrator.accessKeyId),
      source: 'the sandbox',
    })
    expect(found.value('KMS endpoint')).toMatchObject({ value: endpoint, source: 'the sandbox', shadows: [] })
    expect(found.value('S3 endpoint')).toMatchObject({ value: endpoint, source: 'the sandbox' })
    expect(found.value('Master key')).toMatchObject({ value: here.key('backups'), source: 'this form' })
    expect(found.value('Bucket')).toMatchObject({ value: 'vault-hosted-us-east-1', shadows: [] })
    expect(found.value('Prefix')).toMatchObject({ value: null })
    expect(found).toMatchObject({ caller: { arn: here.sandbox.administrator.arn }, sharedWithSeal: false })
  })

  test('an access key and a bucket of the form’s own shadow what the host has', async () => {
    const { accessKeyId, secretAccessKey } = here.sandbox.administrator
    await save({ ...ownBucket, credentials: 'access-key', accessKeyId, secretAccessKey, masterKey: 'alias/backups' })
    const found = await view(
      host({ awsVariables: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'set' } }),
    )
    expect(found.value('Credentials')).toMatchObject({
      value: short(accessKeyId),
      source: 'this form',
      shadows: [{ source: 'AWS_ACCESS_KEY_ID', value: 'AKIA…MPLE' }],
    })
    expect(found.value('Master key')?.source).toBe('this form, which says alias/backups')
    expect(found.value('Bucket')?.shadows).toEqual([
      { source: 'the sandbox’s default', value: 'vault-hosted-us-east-1' },
    ])
    expect(found.value('Prefix')?.value).toBe('console')
  })

  test('a role, and the caller that it makes', async () => {
    const roleArn = 'arn:aws:iam::111122223333:role/vault-backups'
    await save({ ...ownBucket, credentials: 'assume-role', roleArn })
    const found = await view()
    expect(found.caller).toEqual({
      arn: `arn:aws:sts::111122223333:assumed-role/vault-backups/vault-console-${here.environment}`,
    })
    expect(found.value('Credentials')).toMatchObject({
      value: expect.stringMatching(/^access key ASIA…/),
      source: `role ${roleArn} of this form, assumed with the sandbox’s credentials`,
    })
  })

  test('what STS refuses is told in place of the caller', async () => {
    await here.fail({ service: 'sts', operation: 'AssumeRole', effect: 'AccessDenied' })
    const found = await view()
    expect(found.value('Credentials')).toMatchObject({ value: null, source: expect.stringContaining('nowhere') })
    expect(found.caller).toEqual({ problem: expect.any(String) })
    await here.sandbox.control('DELETE', 'faults')
  })
})

test('a refused signature does not bring the session token to the page', async () => {
  await save()
  const sessionToken = 'IQoJb3JpZ2luX2VjEXAMPLETOKEN'
  const message = `The request signature we calculated does not match the signature you provided.\n\nThe Canonical String for this request should have been\n'POST\nx-amz-security-token:${sessionToken}\n'`
  const server = createServer((_, response) => {
    response.writeHead(403, { 'content-type': 'text/xml' })
    response.end(
      `<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code><Message>${message}</Message></Error></ErrorResponse>`,
    )
  })
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve(Object(server.address()).port)),
  )
  const credentials = { accessKeyId: 'ASIAIOSFODNN7EXAMPLE', secretAccessKey: 'wrong', sessionToken }
  const own = { ...here.context.own, credentials, endpoint: `http://127.0.0.1:${port}` }
  const found = await view(host(), { ...here.context, own }).finally(() => server.close())
  expect(found.caller).toEqual({
    problem: 'The request signature we calculated does not match the signature you provided.',
  })
  expect(JSON.stringify(found)).not.toContain(sessionToken)
})

describe('with AWS itself', () => {
  // Nothing is sent to AWS: STS is the sandbox, as a variable of the host can say.
  const onChain = (variables: Record<string, string>) => {
    const { accessKeyId, secretAccessKey } = here.sandbox.administrator
    for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN']) vi.stubEnv(name, undefined)
    const files = {
      AWS_SHARED_CREDENTIALS_FILE: path.join(here.folder, 'credentials'),
      AWS_CONFIG_FILE: path.join(here.folder, 'config'),
    }
    writeFileSync(
      files.AWS_SHARED_CREDENTIALS_FILE,
      `[backup]\naws_access_key_id=${accessKeyId}\naws_secret_access_key=${secretAccessKey}\n`,
    )
    const all: Record<string, string> = {
      ...files,
      AWS_ENDPOINT_URL_STS: here.sandbox.sandbox.endpoint,
      AWS_EC2_METADATA_DISABLED: 'true',
      ...variables,
    }
    for (const [name, value] of Object.entries(all)) vi.stubEnv(name, value)
    const context = { ...here.context, own: { credentials: { variables: all }, endpoint: undefined } }
    return { context, variables: all }
  }

  test('the environment’s access key shadows the profile, and the seal is fed by the same', async () => {
    await save()
    const { accessKeyId, secretAccessKey } = here.sandbox.administrator
    const { context, variables } = onChain({
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_PROFILE: 'backup',
    })
    const awsVariables = { ...variables, AWS_SECRET_ACCESS_KEY: 'set' }
    const found = await view(host({ awsVariables, sealCredentials: { variables: {} } }), context)
    expect(found.value('Credentials')).toMatchObject({
      value: short(accessKeyId),
      source: 'AWS_ACCESS_KEY_ID',
      shadows: [{ source: 'AWS_PROFILE', value: expect.stringContaining('profile “backup”') }],
    })
    expect(found.value('KMS endpoint')).toMatchObject({
      value: 'https://kms.us-east-1.amazonaws.com',
      source: 'AWS’s default',
    })
    expect(found.value('S3 endpoint')?.value).toBe('https://s3.us-east-1.amazonaws.com')
    expect(found).toMatchObject({ caller: { arn: here.sandbox.administrator.arn }, sharedWithSeal: true })
    const seal = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'of the seal' }
    expect(await view(host({ awsVariables, sealCredentials: seal }), context)).toMatchObject({ sharedWithSeal: false })
  })

  test('a profile, named with its files', async () => {
    const { context, variables } = onChain({ AWS_PROFILE: 'backup' })
    const found = await view(host({ awsVariables: variables }), context)
    expect(found.value('Credentials')?.source).toBe(
      `profile “backup” of ${variables.AWS_SHARED_CREDENTIALS_FILE} and ${variables.AWS_CONFIG_FILE}`,
    )
  })

  test.each<[Record<string, string>, string, string]>([
    [{ AWS_ENDPOINT_URL_KMS: 'https://kms.example.test' }, 'https://kms.example.test', 'AWS_ENDPOINT_URL_KMS'],
    [{ AWS_ENDPOINT_URL: 'https://all.example.test:8443' }, 'https://all.example.test:8443', 'AWS_ENDPOINT_URL'],
    [
      { AWS_USE_FIPS_ENDPOINT: 'true' },
      'https://kms-fips.us-east-1.amazonaws.com',
      'AWS’s default, with AWS_USE_FIPS_ENDPOINT',
    ],
    [
      { AWS_USE_DUALSTACK_ENDPOINT: 'true' },
      'https://kms.us-east-1.api.aws',
      'AWS’s default, with AWS_USE_DUALSTACK_ENDPOINT',
    ],
  ])('%o decides the KMS endpoint', async (set, value, source) => {
    const { context, variables } = onChain({ AWS_PROFILE: 'backup', ...set })
    expect((await view(host({ awsVariables: variables }), context)).value('KMS endpoint')).toMatchObject({
      value,
      source,
    })
  })

  test('endpoints of the form shadow the host’s; one that is no longer allowed says so', async () => {
    const { context, variables } = onChain({ AWS_PROFILE: 'backup', AWS_ENDPOINT_URL_S3: 'https://other.example.test' })
    const allowed = { ...context, allowedEndpoints: ['minio.example.test:9000'] }
    const base = await here.newest()
    await here.db.$executeRaw`INSERT INTO "environment_revision" SELECT (jsonb_populate_record(r, jsonb_build_object(
      'number', ${base + 1}::int, 'hosted', false, 's3Endpoint', 'https://minio.example.test:9000'))).*
      FROM "environment_revision" r WHERE "number" = ${base}`
    expect((await view(host({ awsVariables: variables }), allowed)).value('S3 endpoint')).toEqual({
      name: 'S3 endpoint',
      value: 'https://minio.example.test:9000',
      source: 'this form',
      shadows: [{ source: 'AWS_ENDPOINT_URL_S3', value: 'https://other.example.test' }],
    })
    expect((await view(host({ awsVariables: variables }), context)).caller).toEqual({
      problem: expect.stringContaining('VAULT_ALLOWED_ENDPOINTS'),
    })
  })
})
