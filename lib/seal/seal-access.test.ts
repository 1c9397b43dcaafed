import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { credentialsOf as findCredentials } from '#lib/aws/credentials.ts'
import { type MetadataAnswers, openMetadata } from '#lib/aws/metadata-for-tests.ts'
import { proxyIn } from '#lib/aws/proxy.ts'
import { accessOf } from './seal-access.ts'
import { readSealSettings } from './seal-settings.ts'
import { valuesOf } from './view-seal.ts'

// Every source that is no plain value: profiles, web identity, container and instance metadata, from local stand-ins.
// What a stanza and a variable say is in seal-settings.test.ts.

let folder: string
const closers: (() => Promise<void>)[] = []
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vault-seal-access-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const close of closers.splice(0)) await close()
  rmSync(folder, { recursive: true })
})

interface World {
  /** Lines of the stanza; FOLDER stands for the test's own. */
  readonly stanza?: string
  readonly variables?: Record<string, string>
  /** name → region or none, in the shared credentials file */
  readonly profiles?: Record<string, string>
  /** The same, in the config file: regions alone. */
  readonly regions?: Record<string, string>
  /** A second credentials file, which only a stanza or a variable names: with this profile. */
  readonly elsewhere?: string
  readonly metadata?: MetadataAnswers
}

const webIdentity = { token: 'a.web.token', roleArn: 'arn:aws:iam::111122223333:role/seal', accessKeyId: 'of-web' }
const instance = { role: 'console', accessKeyId: 'of-instance', region: 'ap-south-1' }
const container = { accessKeyId: 'of-container' }
const profile = (name: string, region = '') =>
  `[${name}]\naws_access_key_id = of-${name}\naws_secret_access_key = secret\n${region && `region = ${region}\n`}`

async function resolve({ stanza = '', variables = {}, profiles = {}, regions = {}, elsewhere, metadata = {} }: World) {
  const at = (name: string) => path.join(folder, name)
  writeFileSync(
    at('credentials'),
    Object.entries(profiles)
      .map(([name, region]) => profile(name, region))
      .join('\n'),
  )
  writeFileSync(
    at('config'),
    Object.entries(regions)
      .map(([name, region]) => `[${name === 'default' ? name : `profile ${name}`}]\nregion = ${region}\n`)
      .join('\n'),
  )
  if (elsewhere) writeFileSync(at('elsewhere'), profile(elsewhere))
  writeFileSync(at('token'), webIdentity.token)
  const services = await openMetadata({ ...metadata, webIdentity })
  closers.push(services.close)
  const own: Record<string, string> = {
    AWS_SHARED_CREDENTIALS_FILE: at('credentials'),
    AWS_CONFIG_FILE: at('config'),
    AWS_ENDPOINT_URL_STS: services.url,
    ...services.instanceVariables,
    ...(metadata.container !== undefined && services.containerVariables),
    ...Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, value.replace('FOLDER', folder)])),
  }
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined)
  for (const [name, value] of Object.entries(own)) vi.stubEnv(name, value)
  const text = `seal "awskms" {\n${stanza.replaceAll('FOLDER', folder)}\n${stanza.includes('kms_key_id') ? '' : 'kms_key_id = "alias/a"'}\n}`
  const { active } = readSealSettings({ config: { file: at('vault.hcl'), text }, variables: own })
  if (active.type !== 'awskms') throw new Error('not awskms')
  const host = { own: { credentials: { variables: own }, endpoint: undefined } }
  const { settings } = active
  const access = await accessOf(settings, host)
  const find = findCredentials(access.credentials, { region: access.region, stsEndpoint: services.url })
  return { access, find, services, settings, host }
}

const file = 'shared_creds_filename = "FOLDER/elsewhere"'
const named = 'shared_creds_profile = "seal"'
const web = `web_identity_token_file = "FOLDER/token"\nrole_arn = "${webIdentity.roleArn}"`
const webVariables = { AWS_WEB_IDENTITY_TOKEN_FILE: 'FOLDER/token', AWS_ROLE_ARN: webIdentity.roleArn }
const keys = 'access_key = "of-stanza"\nsecret_key = "s"'
const keyVariables = { AWS_ACCESS_KEY_ID: 'of-environment', AWS_SECRET_ACCESS_KEY: 's' }
const all = { instance, container }

describe('credentials: given, environment, shared file, role', () => {
  test.each<[string, World, string, string]>([
    ['the stanza’s key', { stanza: keys, profiles: { default: '' }, metadata: all }, 'given', 'of-stanza'],
    [
      'the environment’s key before the stanza’s',
      { stanza: keys, variables: keyVariables },
      'environment',
      'of-environment',
    ],
    [
      'the environment’s key before the default profile',
      { variables: keyVariables, profiles: { default: '' } },
      'environment',
      'of-environment',
    ],
    [
      'the environment’s key before web identity',
      { variables: { ...keyVariables, ...webVariables } },
      'environment',
      'of-environment',
    ],
    [
      'the environment’s key before metadata',
      { variables: keyVariables, metadata: all },
      'environment',
      'of-environment',
    ],
    ['the default profile', { profiles: { default: '' } }, 'profile', 'of-default'],
    ['the default profile before metadata', { profiles: { default: '' }, metadata: all }, 'profile', 'of-default'],
    ['the stanza’s profile', { stanza: named, profiles: { default: '', seal: '' } }, 'profile', 'of-seal'],
    [
      'the environment’s profile',
      { variables: { AWS_PROFILE: 'seal' }, profiles: { default: '', seal: '' } },
      'profile',
      'of-seal',
    ],
    [
      'the environment’s profile before the stanza’s',
      { stanza: named, variables: { AWS_PROFILE: 'other' }, profiles: { seal: '', other: '' } },
      'profile',
      'of-other',
    ],
    [
      'the stanza’s file',
      { stanza: file, variables: { AWS_SHARED_CREDENTIALS_FILE: '' }, elsewhere: 'default' },
      'profile',
      'of-default',
    ],
    [
      'the stanza’s file and profile',
      { stanza: `${file}\n${named}`, variables: { AWS_SHARED_CREDENTIALS_FILE: '' }, elsewhere: 'seal' },
      'profile',
      'of-seal',
    ],
    [
      'the environment’s file before the stanza’s',
      { stanza: file, profiles: { default: '' }, elsewhere: 'nobody' },
      'profile',
      'of-default',
    ],
    [
      'the stanza’s profile before metadata',
      { stanza: named, profiles: { seal: '' }, metadata: all },
      'profile',
      'of-seal',
    ],
    ['the stanza’s web identity', { stanza: web }, 'web-identity', 'of-web'],
    ['the environment’s web identity', { variables: webVariables }, 'web-identity', 'of-web'],
    [
      'the token of the environment, the role of the stanza',
      { stanza: `role_arn = "${webIdentity.roleArn}"`, variables: { AWS_WEB_IDENTITY_TOKEN_FILE: 'FOLDER/token' } },
      'web-identity',
      'of-web',
    ],
    [
      'the role of the environment, the token of the stanza',
      { stanza: 'web_identity_token_file = "FOLDER/token"', variables: { AWS_ROLE_ARN: webIdentity.roleArn } },
      'web-identity',
      'of-web',
    ],
    ['web identity before metadata', { stanza: web, metadata: all }, 'web-identity', 'of-web'],
    ['a profile before web identity', { stanza: web, profiles: { default: '' } }, 'profile', 'of-default'],
    ['the container', { metadata: { container } }, 'container', 'of-container'],
    ['the container before the instance', { metadata: all }, 'container', 'of-container'],
    ['the instance', { metadata: { instance } }, 'instance', 'of-instance'],
    [
      'the stanza’s key without asking the instance',
      { stanza: `${keys}\nregion = "eu-west-1"`, metadata: { instance: null } },
      'given',
      'of-stanza',
    ],
  ])('%s', async (_, world, kind, accessKeyId) => {
    const { find } = await resolve(world)
    const { identity, source } = await find()
    expect({ kind: source.kind, accessKeyId: identity.accessKeyId }).toEqual({ kind, accessKeyId })
  })

  test.each<[string, World, object]>([
    [
      'role_arn',
      { stanza: `${keys}\nrole_arn = "arn:aws:iam::111122223333:role/r"` },
      {
        roleArn: 'arn:aws:iam::111122223333:role/r',
        externalId: '',
        sessionName: 'vault-console-seal',
        base: { accessKeyId: 'of-stanza' },
      },
    ],
    [
      'AWS_ROLE_ARN',
      { stanza: keys, variables: { AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/e' } },
      { roleArn: 'arn:aws:iam::111122223333:role/e' },
    ],
    [
      'role_session_name',
      { stanza: `role_arn = "r"\nrole_session_name = "me"` },
      { sessionName: 'me', base: { variables: expect.any(Object) } },
    ],
    [
      'AWS_ROLE_SESSION_NAME',
      { stanza: `role_arn = "r"`, variables: { AWS_ROLE_SESSION_NAME: 'you' } },
      { sessionName: 'you' },
    ],
    ['external_id', { stanza: `role_arn = "r"\nexternal_id = "x"` }, { externalId: 'x' }],
    [
      'VAULT_AWSKMS_SEAL_EXTERNAL_ID',
      { stanza: `role_arn = "r"`, variables: { VAULT_AWSKMS_SEAL_EXTERNAL_ID: 'y' } },
      { externalId: 'y' },
    ],
    ['session_token', { stanza: `${keys}\nsession_token = "t"` }, { sessionToken: 't' }],
  ])('%s reaches what signs', async (_, world, credentials) => {
    expect((await resolve(world)).access.credentials).toMatchObject(credentials)
  })

  test.each<[string, World]>([
    ['an ID alone', { stanza: 'access_key = "a"' }],
    ['a secret alone', { stanza: 'secret_key = "a"' }],
    ['halves in two places', { stanza: 'secret_key = "a"', variables: { AWS_ACCESS_KEY_ID: 'b' } }],
  ])('refused: %s', async (_, world) => {
    await expect(resolve(world)).rejects.toMatchObject({ code: 'invalid' })
  })
})

describe('region', () => {
  test.each<[string, World, string]>([
    ['of the stanza', { stanza: 'region = "eu-west-1"', regions: { default: 'eu-north-1' } }, 'eu-west-1'],
    ['of AWS_REGION', { stanza: 'region = "eu-west-1"', variables: { AWS_REGION: 'eu-west-2' } }, 'eu-west-2'],
    ['of AWS_DEFAULT_REGION', { variables: { AWS_DEFAULT_REGION: 'eu-west-3' } }, 'eu-west-3'],
    [
      'of the key’s ARN',
      {
        stanza: 'kms_key_id = "arn:aws:kms:us-west-2:111122223333:key/11111111-2222-4333-8444-555555555555"',
        regions: { default: 'eu-north-1' },
      },
      'us-west-2',
    ],
    [
      'of the default profile in the config file',
      { regions: { other: 'us-west-1', default: 'eu-north-1' } },
      'eu-north-1',
    ],
    [
      'of the profile that the stanza names',
      { stanza: named, regions: { default: 'eu-north-1', seal: 'sa-east-1' } },
      'sa-east-1',
    ],
    [
      'of the profile that AWS_PROFILE names',
      { variables: { AWS_PROFILE: 'seal' }, regions: { seal: 'sa-east-1' } },
      'sa-east-1',
    ],
    ['of the profile in the credentials file', { profiles: { default: 'ca-central-1' } }, 'ca-central-1'],
    [
      'of the config file before the credentials file',
      { profiles: { default: 'ca-central-1' }, regions: { default: 'eu-north-1' } },
      'eu-north-1',
    ],
    ['of the instance', { metadata: { instance } }, 'ap-south-1'],
    [
      'of the profile before the instance',
      { regions: { default: 'eu-north-1' }, metadata: { instance } },
      'eu-north-1',
    ],
    [
      'us-east-1 where the instance says none',
      { metadata: { instance: { role: 'r', accessKeyId: 'k' } } },
      'us-east-1',
    ],
    [
      'us-east-1 where metadata is off',
      { variables: { AWS_EC2_METADATA_DISABLED: 'true' }, metadata: { instance } },
      'us-east-1',
    ],
    ['us-east-1 in a container that says none', { metadata: { container, instance } }, 'us-east-1'],
    ['us-east-1 with a key of the stanza', { stanza: keys, metadata: { instance } }, 'us-east-1'],
  ])('%s', async (_, world, region) => {
    const { access, services } = await resolve(world)
    expect(access.region).toBe(region)
    if (!['ap-south-1', 'us-east-1'].includes(region)) expect(services.asked).toEqual([])
  })

  test.each<[string, World, RegExp]>([
    ['eu-west-1', { stanza: 'region = "eu-west-1"' }, /vault\.hcl/],
    ['eu-west-2', { variables: { AWS_REGION: 'eu-west-2' } }, /^AWS_REGION$/],
    [
      'us-west-2',
      { stanza: 'kms_key_id = "arn:aws:kms:us-west-2:111122223333:key/11111111-2222-4333-8444-555555555555"' },
      /^the key’s ARN$/,
    ],
    ['eu-north-1', { regions: { default: 'eu-north-1' } }, /config$/],
    ['ap-south-1', { metadata: { instance } }, /^instance metadata$/],
    ['us-east-1', { metadata: { container } }, /^default$/],
  ])('%s is shown with what said so', async (region, world, source) => {
    const { settings, host } = await resolve(world)
    const shown = (await valuesOf(settings, host)).find(({ name }) => name === 'region')
    expect(shown).toMatchObject({ value: region, source: expect.stringMatching(source) })
  })

  test('metadata that never answers is given up after a second, and credentials wait for the other one', async () => {
    const { access, find, services } = await resolve({ metadata: { instance: null } })
    expect(access).toMatchObject({ region: 'us-east-1', credentials: { metadataWaitMs: 1_000 } })
    expect(services.asked).toEqual(['PUT /latest/api/token'])
    await expect(find()).rejects.toMatchObject({ message: expect.stringContaining('http-put-response-hop-limit 2') })
  })
})

test('the endpoint is of KMS alone: a role is assumed at STS’s own', async () => {
  const { access } = await resolve({ stanza: 'region = "eu-west-1"\nendpoint = "https://kms.example.test"' })
  expect(access).toMatchObject({ endpoint: 'https://kms.example.test', stsEndpoint: undefined })
  expect('stsEndpoint' in access).toBe(true)
})

test('the way out is this machine’s', async () => {
  const { settings, host } = await resolve({ stanza: 'region = "eu-west-1"' })
  const proxy = proxyIn({ HTTPS_PROXY: 'http://proxy.test:3128' })
  expect(await accessOf(settings, { own: { ...host.own, proxy } })).toMatchObject({ proxy })
})

test.each([
  ['kms.example.test', 'https://kms.example.test'],
  ['kms.example.test:8443', 'https://kms.example.test:8443'],
  ['http://127.0.0.1:4566', 'http://127.0.0.1:4566'],
])('an endpoint may be a host alone: %s', async (endpoint, url) => {
  const { access } = await resolve({ stanza: `region = "eu-west-1"\nendpoint = "${endpoint}"` })
  expect(access.endpoint).toBe(url)
})
