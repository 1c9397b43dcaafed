import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { DescribeKeyCommand } from '@aws-sdk/client-kms'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { certificate } from '#lib/alerts/certificate-for-tests.ts'
import { diagnoseKms } from '#lib/keys/diagnose-kms.ts'
import { kmsOf } from '#lib/keys/kms.ts'
import { kmsKeyWrapper } from '#lib/keys/kms-key-wrapper.ts'
import { openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { s3Store } from '#lib/storage/s3-store.ts'
import { type AwsAccess, createAwsClients } from './clients.ts'
import { faultOf } from './fault.ts'
import { openMetadata } from './metadata-for-tests.ts'
import type { ProxySettings } from './proxy.ts'
import { openProxy, openTlsFront, type ProxyOptions, settingsOf } from './proxy-for-tests.ts'
import { proxyTrouble } from './proxy-trouble.ts'

const authorities = getCACertificates()
const bucket = 'vault-hosted-us-east-1'
let sandbox: TestSandbox
/** Where AWS is to the proxies of these tests: TLS in front of the sandbox. */
let aws: Server
beforeAll(async () => {
  sandbox = await openTestSandbox()
  aws = await openTlsFront(sandbox.sandbox.endpoint)
})
afterAll(async () => {
  aws.close()
  await sandbox.close()
})
beforeEach(() => setDefaultCACertificates([...authorities, certificate]))

const closers: (() => unknown)[] = []
afterEach(async () => {
  vi.unstubAllEnvs()
  setDefaultCACertificates(authorities)
  for (const close of closers.splice(0)) await close()
})

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return portOf(server)
}
const portOf = (server: Server) => (server.address() as AddressInfo).port

async function proxy(options?: ProxyOptions) {
  const opened = await openProxy(portOf(aws), options)
  closers.push(opened.close)
  return opened
}

function clients(
  settings: ProxySettings,
  access: Partial<AwsAccess> = {},
  patience: 'interactive' | 'background' = 'interactive',
) {
  const { accessKeyId, secretAccessKey } = sandbox.administrator
  const credentials = { accessKeyId, secretAccessKey }
  const made = createAwsClients(
    { region: 'us-east-1', credentials, endpoint: undefined, proxy: settings, ...access },
    patience,
  )
  closers.unshift(() => made.destroy())
  return made
}
const describeKey = (settings: ProxySettings, access?: Partial<AwsAccess>) =>
  clients(settings, access).kms.send(new DescribeKeyCommand({ KeyId: sandbox.info.keys[0]?.arn }))
/** With which the call fails. */
const failure = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  )

describe('through a proxy, by the names that AWS has', () => {
  test('KMS, STS and S3 are reached, and large objects come back whole, on connections used again', async () => {
    const out = await proxy({ login: 'me:p@ss' })
    const { kms, sts, s3 } = clients(out.settings('me:p%40ss'))
    await kms.send(new DescribeKeyCommand({ KeyId: sandbox.info.keys[0]?.arn }))
    expect((await sts.send(new GetCallerIdentityCommand({}))).Arn).toBe(sandbox.administrator.arn)
    const body = randomBytes(20 * 2 ** 20 + 12_345)
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'large', Body: body }))
    for (let round = 0; round < 3; round += 1) {
      const answers = await Promise.all(
        [0, 1].map(() => s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'large' }))),
      )
      for (const { Body } of answers) {
        const bytes = await Body?.transformToByteArray()
        expect(hashOf(bytes ?? new Uint8Array())).toBe(hashOf(body))
      }
    }
    expect(out.asked.toSorted()).toEqual(
      [
        'kms.us-east-1.amazonaws.com:443',
        'sts.us-east-1.amazonaws.com:443',
        `${bucket}.s3.us-east-1.amazonaws.com:443`,
        `${bucket}.s3.us-east-1.amazonaws.com:443`,
      ].toSorted(),
    )
  })

  test('more requests at once than there may be connections', async () => {
    const out = await proxy()
    const { s3 } = clients(out.settings(), {}, 'background')
    const keys = Array.from({ length: 48 }, (_, index) => `many/${index}`)
    await Promise.all(keys.map((Key) => s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: Key }))))
    const bodies = await Promise.all(
      keys.map(async (Key) => (await s3.send(new GetObjectCommand({ Bucket: bucket, Key }))).Body?.transformToString()),
    )
    expect(bodies).toEqual(keys)
  })

  test('a proxy that is reached by TLS itself', async () => {
    const out = await proxy({ login: 'me:right' })
    const front = await openTlsFront(`http://127.0.0.1:${out.port}`)
    closers.push(() => front.close())
    await describeKey(settingsOf(`https://me:right@localhost:${portOf(front)}`))
    expect(out.asked).toEqual(['kms.us-east-1.amazonaws.com:443'])
    setDefaultCACertificates(authorities)
    const error = await failure(describeKey(settingsOf(`https://me:right@localhost:${portOf(front)}`)))
    expect(faultOf(error)).toMatchObject({ code: 'EPROXYAWAY', message: expect.stringContaining('self-signed') })
    expect(proxyTrouble(faultOf(error))?.fix).toContain('NODE_EXTRA_CA_CERTS')
  })

  test('an endpoint of one’s own', async () => {
    const out = await proxy()
    const kmsEndpoint = { url: 'https://kms.example.test:9443', kind: 'own', region: undefined } as const
    await describeKey(out.settings(), { kmsEndpoint })
    expect(out.asked).toEqual(['kms.example.test:9443'])
  })

  test('not what NO_PROXY names, and not this machine', async () => {
    const out = await proxy()
    const here = { url: `https://localhost:${portOf(aws)}`, kind: 'own', region: undefined } as const
    await describeKey(out.settings(), { kmsEndpoint: here })
    // Nothing listens there, and nobody but this machine is asked.
    const kmsEndpoint = { url: 'https://kms.example.test', kind: 'own', region: undefined } as const
    const error = await failure(describeKey(out.settings('', 'example.test'), { kmsEndpoint }))
    expect(faultOf(error).code).toMatch(/ENOTFOUND|EAI_AGAIN/)
    expect(out.asked).toEqual([])
  })

  test('metadata is asked directly, and a role of a profile is assumed through the proxy', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'vault-tunnel-'))
    const config = path.join(folder, 'config')
    const metadata = await openMetadata({ instance: { role: 'console', accessKeyId: 'of-instance' } })
    closers.push(metadata.close, () => rmSync(folder, { recursive: true }))
    const roleArn = 'arn:aws:iam::111122223333:role/console'
    const token = path.join(folder, 'token')
    writeFileSync(token, 'a.web.token')
    writeFileSync(
      config,
      `[profile role]\nrole_arn = ${roleArn}\ncredential_source = Ec2InstanceMetadata\nregion = us-east-1\n` +
        `[profile web]\nrole_arn = ${roleArn}\nweb_identity_token_file = ${token}\nregion = us-east-1\n` +
        '[profile sso]\nsso_start_url = https://example.test/start\nsso_region = us-east-1\nsso_account_id = 111122223333\nsso_role_name = console\n',
    )
    const cache = path.join(folder, '.aws', 'sso', 'cache')
    mkdirSync(cache, { recursive: true })
    const name = createHash('sha1').update('https://example.test/start').digest('hex')
    writeFileSync(
      path.join(cache, `${name}.json`),
      JSON.stringify({ accessToken: 'token', expiresAt: new Date(Date.now() + 3_600_000).toISOString() }),
    )
    const variables = {
      AWS_CONFIG_FILE: config,
      AWS_SHARED_CREDENTIALS_FILE: path.join(folder, 'credentials'),
      HOME: folder,
      AWS_REGION: 'us-east-1',
      ...metadata.instanceVariables,
    }
    for (const [variable, value] of Object.entries(variables)) vi.stubEnv(variable, value)
    const out = await proxy({ login: 'me:other' })
    const settings = out.settings('me:hunter2')
    const chain = (more: Record<string, string>) => ({ credentials: { variables: { ...variables, ...more } } })
    const ask = async (more: Record<string, string>) => {
      out.asked.length = 0
      const error = await failure(clients(settings, chain(more)).resolveCredentials())
      expect(faultOf(error)).toMatchObject({ kind: 'refused', code: 'EPROXYAUTH' })
      expect(String(error)).not.toContain('hunter2')
      return out.asked
    }
    const sts = ['sts.us-east-1.amazonaws.com:443']
    expect(await ask({ AWS_PROFILE: 'role' })).toEqual(sts)
    expect(metadata.asked.length).toBeGreaterThan(0)
    expect(await ask({ AWS_PROFILE: 'web' })).toEqual(sts)
    expect(await ask({ AWS_PROFILE: 'sso' })).toEqual(['portal.sso.us-east-1.amazonaws.com:443'])
    vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', token)
    expect(await ask({ AWS_WEB_IDENTITY_TOKEN_FILE: token, AWS_ROLE_ARN: roleArn })).toEqual(sts)
    const { accessKeyId, secretAccessKey } = sandbox.administrator
    const assumed = { roleArn, externalId: '', sessionName: 'test', base: { accessKeyId, secretAccessKey } }
    const error = await failure(clients(settings, { credentials: assumed }).resolveCredentials())
    expect(faultOf(error)).toMatchObject({ kind: 'refused', code: 'EPROXYAUTH' })
  })
})

describe('what goes wrong there has its own cause and fix', () => {
  const target = 'kms.us-east-1.amazonaws.com:443'
  const situation = { keyArn: 'arn', region: 'us-east-1', callerArn: undefined, installation: 'i', environment: 'e' }

  test.each<[string, ProxyOptions, string, string, RegExp, RegExp, number]>([
    ['a password that is wrong', { login: 'me:other' }, 'refused', 'EPROXYAUTH', /answered 407/, /USER:PASSWORD/, 1],
    [
      'a host that it does not allow',
      { answers: '403 Forbidden' },
      'refused',
      'EPROXYREFUSED',
      /403 Forb/,
      /CONNECT/,
      1,
    ],
    ['a host that it does not reach', { answers: '503 Unavailable' }, 'unreachable', 'EPROXYUPSTREAM', /503/, /log/, 2],
    ['silence', { silent: true }, 'unreachable', 'EPROXYAWAY', /no answer within 2.5 s/, /it runs/, 2],
    ['the end of the connection', { cuts: true }, 'unreachable', 'EPROXYUPSTREAM', /no TLS connection/, /log/, 2],
  ])('%s', async (_, options, kind, code, cause, fix, tries) => {
    const out = await proxy(options)
    const error = await failure(describeKey(out.settings('me:hunter2')))
    const fault = faultOf(error)
    expect(fault).toMatchObject({ kind, code })
    const diagnosis = diagnoseKms(fault, 'kms:DescribeKey', situation)
    expect(diagnosis).toMatchObject({ title: 'AWS KMS in us-east-1 could not be reached', who: 'network' })
    expect(diagnosis.cause).toMatch(cause)
    expect(diagnosis.cause).toContain(`127.0.0.1:${out.port}, for ${target}`)
    expect(diagnosis.fix).toMatch(fix)
    expect(JSON.stringify([diagnosis, fault, Object(error).stack])).not.toContain('hunter2')
    // What nobody mends by waiting is not tried again; what may pass is.
    expect(out.asked).toEqual(Array(tries).fill(target))
    await vi.waitFor(() => expect(out.connections()).toBe(0))
  })

  test.each([
    ['nobody listens', 'http://me:hunter2@127.0.0.1:1', /ECONNREFUSED 127\.0\.0\.1:1/],
    ['its name is not known', 'http://me:hunter2@proxy.invalid:3128', /(ENOTFOUND|EAI_AGAIN) proxy\.invalid/],
  ])('%s', async (_, url, cause) => {
    const error = await failure(describeKey(settingsOf(url)))
    const fault = faultOf(error)
    expect(fault).toMatchObject({ kind: 'unreachable', code: 'EPROXYAWAY' })
    const diagnosis = diagnoseKms(fault, 'kms:DescribeKey', situation)
    expect(diagnosis.cause).toMatch(cause)
    expect(diagnosis.cause).toMatch(/^The proxy that HTTPS_PROXY names could not be reached/)
    expect(JSON.stringify([diagnosis, fault, Object(error).stack])).not.toContain('hunter2')
  })

  test.each([
    ['a refusal', '407 Proxy Authentication Required', { code: 'denied', retryable: false }],
    ['an outage', '502 Bad Gateway', { code: 'unreachable', retryable: true }],
  ])('for who has patience it is %s: %s', async (_, answers, expected) => {
    const out = await proxy({ answers })
    const { s3, kms } = clients(out.settings())
    await expect(s3Store(s3, bucket).create('key', Buffer.from('x'))).rejects.toMatchObject(expected)
    const wrapper = kmsKeyWrapper(kmsOf(kms), situation)
    await expect(wrapper.wrap(randomBytes(32), { a: 'b' })).rejects.toMatchObject(expected)
  })

  test('what answers is no HTTP proxy', async () => {
    const server = createServer((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH\r\n'))
    closers.push(() => server.close())
    const error = await failure(describeKey(settingsOf(`http://127.0.0.1:${await listening(server)}`)))
    expect(faultOf(error)).toMatchObject({
      kind: 'unreachable',
      code: 'EPROXYAWAY',
      message: expect.stringContaining('HTTP'),
    })
  })

  test('a proxy that opens TLS and signs with an authority of its own', async () => {
    setDefaultCACertificates(authorities)
    const out = await proxy()
    const error = await failure(describeKey(out.settings('me:hunter2')))
    const { cause, fix } = diagnoseKms(faultOf(error), 'kms:DescribeKey', situation)
    expect(cause).toMatch(/^The TLS connection is not trusted \(self-signed certificate.* \(through the proxy http:/)
    expect(fix).toContain('NODE_EXTRA_CA_CERTS')
  })

  test('a host whose certificate is of another one', async () => {
    const out = await proxy()
    const kmsEndpoint = { url: 'https://kms.elsewhere.test', kind: 'own', region: undefined } as const
    const error = await failure(describeKey(out.settings(), { kmsEndpoint }))
    expect(diagnoseKms(faultOf(error), 'kms:DescribeKey', situation).cause).toContain('one for another name')
  })
})

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
