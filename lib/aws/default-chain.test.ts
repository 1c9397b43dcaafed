import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { CredentialSource } from './credentials.ts'
import { defaultChain, metadataWaitMs, resolveChain } from './default-chain.ts'
import { credentialHelp } from './diagnosis.ts'
import { faultOf } from './fault.ts'
import { type MetadataAnswers, openMetadata } from './metadata-for-tests.ts'

// The SDK's providers read this process's own variables, so each test sets all of them.
const known = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_PROFILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_ROLE_ARN',
  'AWS_ROLE_SESSION_NAME',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_EC2_METADATA_DISABLED',
  'AWS_EC2_METADATA_SERVICE_ENDPOINT',
  'AWS_ENDPOINT_URL_STS',
  'AWS_REGION',
]
let folder: string
const closers: (() => Promise<void>)[] = []
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vault-chain-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const close of closers.splice(0)) await close()
  rmSync(folder, { recursive: true })
})

interface World {
  environment?: boolean
  /** Names of profiles in the shared credentials file. */
  profiles?: string[]
  metadata?: MetadataAnswers
  variables?: Record<string, string>
}

async function find({ environment, profiles = [], metadata, variables = {} }: World, waitMs?: number) {
  const credentials = path.join(folder, 'credentials')
  const text = profiles.map((name) => `[${name}]\naws_access_key_id = of-${name}\naws_secret_access_key = secret\n`)
  writeFileSync(credentials, text.join('\n'))
  const services = await openMetadata(metadata ?? {})
  closers.push(services.close)
  const set: Record<string, string> = {
    AWS_SHARED_CREDENTIALS_FILE: credentials,
    AWS_CONFIG_FILE: path.join(folder, 'config'),
    ...services.instanceVariables,
    ...(metadata?.container !== undefined && services.containerVariables),
    ...(environment && { AWS_ACCESS_KEY_ID: 'of-environment', AWS_SECRET_ACCESS_KEY: 'secret' }),
    ...variables,
  }
  for (const name of known) vi.stubEnv(name, undefined)
  for (const [name, value] of Object.entries(set)) vi.stubEnv(name, value)
  const links = defaultChain(set, waitMs)
  const answered = new Set<CredentialSource['kind']>()
  return { found: resolveChain(links, answered), links, answered, services }
}

const instance = { role: 'console', accessKeyId: 'of-instance' }
const container = { accessKeyId: 'of-container' }

describe('who answers first', () => {
  test.each<[string, World, string, string, RegExp]>([
    ['the environment', { environment: true }, 'environment', 'of-environment', /AWS_ACCESS_KEY_ID/],
    ['the default profile', { profiles: ['default'] }, 'profile', 'of-default', /profile “default” of .*credentials/],
    [
      'the profile that AWS_PROFILE names',
      { profiles: ['default', 'backup'], variables: { AWS_PROFILE: 'backup' } },
      'profile',
      'of-backup',
      /profile “backup”/,
    ],
    ['the container', { metadata: { container } }, 'container', 'of-container', /container metadata/],
    ['the instance', { metadata: { instance } }, 'instance', 'of-instance', /instance metadata/],
    [
      'the environment before AWS_PROFILE and everything else',
      {
        environment: true,
        profiles: ['backup'],
        variables: { AWS_PROFILE: 'backup' },
        metadata: { instance, container },
      },
      'environment',
      'of-environment',
      /./,
    ],
    ['files before metadata', { profiles: ['default'], metadata: { instance } }, 'profile', 'of-default', /./],
    ['the container before the instance', { metadata: { instance, container } }, 'container', 'of-container', /./],
    [
      'the instance where the default profile is missing',
      { profiles: ['another'], metadata: { instance } },
      'instance',
      'of-instance',
      /./,
    ],
  ])('%s', async (_, world, kind, accessKeyId, detail) => {
    const { identity, source } = await (await find(world)).found
    expect({ kind: source.kind, id: identity.accessKeyId }).toEqual({ kind, id: accessKeyId })
    expect(source.detail).toMatch(detail)
    expect(source.detail).not.toContain('secret')
  })

  test('a profile that calls a program', async () => {
    const program = `process.stdout.write(JSON.stringify({Version:1,AccessKeyId:'of-program',SecretAccessKey:'s'}))`
    writeFileSync(path.join(folder, 'program.mjs'), program)
    const line = `credential_process = "${process.execPath}" "${path.join(folder, 'program.mjs')}"`
    writeFileSync(path.join(folder, 'config'), `[profile tool]\n${line}\n`)
    const { identity, source } = await (await find({ variables: { AWS_PROFILE: 'tool' } })).found
    expect(identity.accessKeyId).toBe('of-program')
    expect(source.kind).toBe('profile')
  })

  const webIdentity = { token: 'a.web.token', roleArn: 'arn:aws:iam::111122223333:role/console', accessKeyId: 'of-web' }
  const asWebIdentity = async (token: string) => {
    const file = path.join(folder, 'token')
    writeFileSync(file, token)
    const sts = await openMetadata({ webIdentity })
    closers.push(sts.close)
    const variables = {
      AWS_WEB_IDENTITY_TOKEN_FILE: file,
      AWS_ROLE_ARN: webIdentity.roleArn,
      AWS_ENDPOINT_URL_STS: sts.url,
      AWS_REGION: 'us-east-1',
    }
    return find({ variables, metadata: { instance, container } })
  }

  test('a web identity, before all metadata', async () => {
    const { found, services } = await asWebIdentity(webIdentity.token)
    const { identity, source } = await found
    expect({ kind: source.kind, id: identity.accessKeyId }).toEqual({ kind: 'web-identity', id: 'of-web' })
    expect(source.detail).toContain(webIdentity.roleArn)
    expect(services.asked).toEqual([])
  })

  test('what STS refuses ends the search: no other identity is taken in its place', async () => {
    const { found, services } = await asWebIdentity('an.old.token')
    await expect(found).rejects.toMatchObject({ message: 'Token is expired' })
    expect(services.asked).toEqual([])
  })
})

test('a token file that is not there, or not to be read, is no outage: nothing will come of asking again', async () => {
  const file = path.join(folder, 'no-such-token')
  const variables = { AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/console' }
  const { found } = await find({ variables, metadata: { instance } })
  const error: unknown = await found.catch((reason: unknown) => reason)
  expect(faultOf(error)).toMatchObject({ kind: 'invalid', code: 'CredentialsProviderError' })
  expect(String(error)).toContain(`AWS_WEB_IDENTITY_TOKEN_FILE`)
  expect(String(error)).toContain(`the file ${file} cannot be read (ENOENT)`)
})

test('metadata that has answered once and does not now is away: asking again may help', async () => {
  const { found, links, answered, services } = await find({ metadata: { instance } })
  await found
  await services.close()
  closers.length = 0
  const failure = (before: Set<CredentialSource['kind']>) =>
    resolveChain(links, before).catch((reason: unknown) => faultOf(reason))
  expect(await failure(answered)).toMatchObject({ kind: 'unreachable', code: 'CredentialsAwayError' })
  expect(await failure(new Set())).toMatchObject({ kind: 'invalid', code: 'CredentialsProviderError' })
})

describe('none', () => {
  test('a profile that does not exist, and metadata switched off', async () => {
    const variables = { AWS_PROFILE: 'missing', AWS_EC2_METADATA_DISABLED: 'true' }
    const { found, services } = await find({ variables, metadata: { instance } })
    await expect(found).rejects.toMatchObject({
      name: 'CredentialsProviderError',
      message: expect.stringContaining('profile “missing”'),
    })
    expect(services.asked).toEqual([])
  })

  test('a program that fails is told without its command line', async () => {
    const line = `credential_process = ${process.execPath} --no-such-option a-secret-argument`
    writeFileSync(path.join(folder, 'config'), `[profile tool]\n${line}\n`)
    const { found } = await find({ variables: { AWS_PROFILE: 'tool', AWS_EC2_METADATA_DISABLED: 'true' } })
    const error: unknown = await found.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ message: expect.stringContaining('its credential_process failed') })
    expect(String(error)).not.toContain('a-secret-argument')
  })

  test('instance metadata that never answers is given up, and the hop limit is named', async () => {
    const { found, services } = await find({ metadata: { instance: null } }, 40)
    await expect(found).rejects.toMatchObject({
      name: 'CredentialsProviderError',
      message: expect.stringMatching(/did not answer within 0\.04 s\..*http-put-response-hop-limit 2/),
    })
    expect(services.asked).toContain('PUT /latest/api/token')
    expect(metadataWaitMs).toBe(2_000)
  })

  test('container metadata that never answers is given up, and the instance is not asked in its place', async () => {
    const { found, services } = await find({ metadata: { instance, container: null } }, 40)
    const error: unknown = await found.catch((reason: unknown) => reason)
    // A variable says that it is there: asking again may help.
    expect(faultOf(error)).toMatchObject({
      ...{ kind: 'unreachable', code: 'CredentialsAwayError' },
      message: expect.stringContaining('Container metadata did not answer'),
    })
    expect(services.asked.filter((request) => request.includes('/latest/'))).toEqual([])
  })

  test('container metadata that nobody listens for is away as well; what it answers is an answer', async () => {
    const at = (url: string) => find({ variables: { AWS_CONTAINER_CREDENTIALS_FULL_URI: url } })
    const away = await at('http://127.0.0.1:1/container')
    expect(faultOf(await away.found.catch((reason: unknown) => reason))).toMatchObject({ kind: 'unreachable' })
    const { services } = away
    const refused = await at(`${services.url}/nothing`)
    expect(faultOf(await refused.found.catch((reason: unknown) => reason))).toMatchObject({
      ...{ kind: 'invalid', code: 'CredentialsProviderError' },
    })
  })

  test('a silent machine is told both: that it may have no role, and that it may not reach its metadata', async () => {
    const { found } = await find({ metadata: { instance: null } }, 40)
    const { code, message } = faultOf(await found.catch((reason: unknown) => reason))
    const { cause, fix } = credentialHelp(code, message)
    expect(cause).toContain('This is no machine of EC2, or its metadata is out of reach')
    expect(fix).toMatch(/hop limit as above.*Otherwise set AWS_ACCESS_KEY_ID/)
    expect(credentialHelp(code, 'Asked in turn: instance metadata of EC2: none').fix).toMatch(/^Set AWS_ACCESS_KEY_ID/)
  })

  test('a machine without metadata', async () => {
    const { found } = await find({ variables: { AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1' } })
    await expect(found).rejects.toMatchObject({
      name: 'CredentialsProviderError',
      message: expect.stringMatching(/profile “default”.*instance metadata of EC2.*[^.]\.$/),
    })
  })
})
