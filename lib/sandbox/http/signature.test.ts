import { createHash } from 'node:crypto'
import { DescribeKeyCommand } from '@aws-sdk/client-kms'
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Credentials, openTarget, refusal, type TestTarget } from '../open-test-sandbox.ts'
import { sandboxOnly } from '../test-contract.ts'
import {
  amzTime,
  canonicalRequest,
  credentialScope,
  encodePart,
  type SignatureClaim,
  sign,
  signingKey,
  stringToSign,
} from './sigv4.ts'

let target: TestTarget
const bucketName = 'vault-hosted-us-east-1'
/** As it is there, for what is signed by hand. */
let Bucket: string

beforeAll(async () => {
  target = await openTarget()
  Bucket = target.real(bucketName)
  await target.s3().send(new PutObjectCommand({ Bucket: bucketName, Key: 'there', Body: 'hello' }))
})
afterAll(() => target.close())

const kmsAs = (credentials: Credentials) =>
  refusal(target.kms('us-east-1', credentials).send(new DescribeKeyCommand({ KeyId: 'alias/backups' })))
const s3As = (credentials: Credentials) =>
  refusal(target.s3('us-east-1', credentials).send(new ListObjectsV2Command({ Bucket: bucketName })))
const stsAs = (credentials: Credentials) =>
  refusal(target.sts('us-east-1', credentials).send(new GetCallerIdentityCommand({})))

const invalidToken = 'The security token included in the request is invalid.'
const wrongSecret =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'

describe('one fault, three names', () => {
  test('an unknown access key', async () => {
    const nobody = { accessKeyId: 'AKIA2222222222222222', secretAccessKey: 'x' }
    expect(await kmsAs(nobody)).toEqual({ name: 'UnrecognizedClientException', message: invalidToken, status: 400 })
    expect(await stsAs(nobody)).toEqual({ name: 'InvalidClientTokenId', message: invalidToken, status: 403 })
    expect(await s3As(nobody)).toEqual({
      name: 'InvalidAccessKeyId',
      message: 'The AWS Access Key Id you provided does not exist in our records.',
      status: 403,
    })
  })

  test('a wrong secret', async () => {
    const wrong = { ...target.administrator, secretAccessKey: 'wrong' }
    expect(await kmsAs(wrong)).toEqual({ name: 'InvalidSignatureException', message: wrongSecret, status: 400 })
    expect(await stsAs(wrong)).toEqual({ name: 'SignatureDoesNotMatch', message: wrongSecret, status: 403 })
    expect(await s3As(wrong)).toEqual({
      name: 'SignatureDoesNotMatch',
      message:
        'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      status: 403,
    })
  })

  test('a session token that nobody gave out', async () => {
    const forged = { ...target.administrator, sessionToken: 'Zm9yZ2Vk' }
    expect(await kmsAs(forged)).toMatchObject({ name: 'UnrecognizedClientException' })
    expect(await stsAs(forged)).toMatchObject({ name: 'InvalidClientTokenId' })
    expect(await s3As(forged)).toMatchObject({ name: 'InvalidToken', status: 400 })
  })

  test('no signature at all', async () => {
    const kms = await fetch(target.address('kms'), {
      method: 'POST',
      headers: { 'x-amz-target': 'TrentService.ListKeys' },
      body: '{}',
    })
    expect(await kms.json()).toEqual({
      __type: 'MissingAuthenticationTokenException',
      message: 'Missing Authentication Token',
    })
    const s3 = await fetch(`${target.address('s3')}/${Bucket}`)
    expect(s3.status).toBe(403)
    expect(await s3.text()).toContain('<Code>AccessDenied</Code><Message>Access Denied</Message>')
    const sts = await fetch(target.address('sts'), {
      method: 'POST',
      body: new URLSearchParams({ Action: 'GetCallerIdentity' }),
    })
    expect(sts.status).toBe(403)
  })
})

interface Wish {
  method?: string
  path: string
  query?: Record<string, string>
  headers?: Record<string, string>
  body?: string
  time?: number
  service?: string
  region?: string
}

function claimFor(wish: Wish, signedHeaders: string[]): SignatureClaim {
  const time = amzTime(wish.time ?? Date.now())
  const { accessKeyId } = target.administrator
  return {
    accessKeyId,
    date: time.slice(0, 8),
    region: wish.region ?? 'us-east-1',
    service: wish.service ?? 's3',
    signedHeaders,
    signature: '',
    time,
    token: undefined,
    expires: undefined,
  }
}

/** A request signed by hand, for what the SDK would never send. */
function send(wish: Wish, change: (headers: Record<string, string>) => void = () => {}): Promise<Response> {
  const { method = 'GET', path, body } = wish
  const address = target.address(wish.service === 'kms' ? 'kms' : 's3')
  const payload = createHash('sha256')
    .update(body ?? '')
    .digest('hex')
  const headers: Record<string, string> = {
    host: new URL(address).host,
    'x-amz-content-sha256': payload,
    'x-amz-date': amzTime(wish.time ?? Date.now()),
    ...wish.headers,
  }
  const claim = claimFor(wish, Object.keys(headers).sort())
  const request = { method, path, query: Object.entries(wish.query ?? {}), headers }
  const text = stringToSign(claim, canonicalRequest(request, claim, headers['x-amz-content-sha256'] ?? payload))
  const signature = sign(signingKey(target.administrator.secretAccessKey, claim), text)
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${claim.accessKeyId}/${credentialScope(claim)}, SignedHeaders=${claim.signedHeaders.join(';')}, Signature=${signature}`
  change(headers)
  const { host, ...rest } = headers
  const query = new URLSearchParams(wish.query).toString()
  return fetch(`${address}${path}${query && `?${query}`}`, {
    method,
    headers: rest,
    ...(body !== undefined && { body }),
  })
}

function presign(path: string, expires: number, time = Date.now()): string {
  const claim = claimFor({ path, time }, ['host'])
  const query: [string, string][] = [
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', `${claim.accessKeyId}/${credentialScope(claim)}`],
    ['X-Amz-Date', claim.time],
    ['X-Amz-Expires', String(expires)],
    ['X-Amz-SignedHeaders', 'host'],
  ]
  const headers = { host: new URL(target.address('s3')).host }
  const canonical = canonicalRequest({ method: 'GET', path, query, headers }, claim, 'UNSIGNED-PAYLOAD')
  query.push([
    'X-Amz-Signature',
    sign(signingKey(target.administrator.secretAccessKey, claim), stringToSign(claim, canonical)),
  ])
  return `${target.address('s3')}${path}?${query.map(([name, value]) => `${encodePart(name)}=${encodePart(value)}`).join('&')}`
}

const minutes = 60_000

describe('clock skew', () => {
  test('S3 allows 15 minutes', async () => {
    expect((await send({ path: `/${Bucket}/there`, time: Date.now() - 14 * minutes })).status).toBe(200)
    const late = await send({ path: `/${Bucket}/there`, time: Date.now() - 16 * minutes })
    expect(late.status).toBe(403)
    expect(await late.text()).toContain(
      '<Code>RequestTimeTooSkewed</Code><Message>The difference between the request time and the current time is too large.</Message>',
    )
  })

  test('KMS allows 5 minutes, either way', async () => {
    const ask = (time: number) => {
      const headers = { 'x-amz-target': 'TrentService.ListKeys', 'content-type': 'application/x-amz-json-1.1' }
      return send({ method: 'POST', path: '/', body: '{}', service: 'kms', headers, time })
    }
    expect((await ask(Date.now() - 4 * minutes)).status).toBe(200)
    expect(await (await ask(Date.now() - 6 * minutes)).json()).toEqual({
      __type: 'InvalidSignatureException',
      message: expect.stringMatching(
        /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)$/,
      ),
    })
    expect(await (await ask(Date.now() + 6 * minutes)).json()).toMatchObject({
      message: expect.stringContaining('Signature not yet current'),
    })
  })
})

describe('what a signature covers', () => {
  test('another path, another header value, a header added', async () => {
    const swapped = await send({ path: `/${Bucket}/there` }, (headers) => {
      headers['x-amz-date'] = amzTime(Date.now() - 1000)
    })
    expect(await swapped.text()).toContain('<Code>SignatureDoesNotMatch</Code>')
    const added = await send({ path: `/${Bucket}/there` }, (headers) => {
      headers['x-amz-meta-added'] = '1'
    })
    expect(await added.text()).toContain('There were headers present in the request which were not signed')
  })

  test('the body, through its hash', async () => {
    const answer = await send({
      method: 'PUT',
      path: `/${Bucket}/body`,
      body: 'one',
      headers: { 'x-amz-content-sha256': createHash('sha256').update('two').digest('hex') },
    })
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('<Code>XAmzContentSHA256Mismatch</Code>')
    const { name } = await refusal(target.s3().send(new GetObjectCommand({ Bucket: bucketName, Key: 'body' })))
    expect(name).toBe('NoSuchKey')
  })

  test('credentials for another service', async () => {
    const answer = await send({ path: `/${Bucket}/there`, service: 'ec2' })
    expect(await answer.text()).toContain('<Code>AuthorizationHeaderMalformed</Code>')
  })

  test('a header that cannot be read', async () => {
    const answer = await send({ path: `/${Bucket}/there` }, (headers) => {
      headers.authorization = 'AWS4-HMAC-SHA256 nonsense'
    })
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('<Code>AuthorizationHeaderMalformed</Code>')
  })
})

describe('presigned addresses', () => {
  test('work until they expire', async () => {
    expect(await (await fetch(presign(`/${Bucket}/there`, 60))).text()).toBe('hello')
    const expired = await fetch(presign(`/${Bucket}/there`, 60, Date.now() - 61_000))
    expect(expired.status).toBe(403)
    expect(await expired.text()).toContain('<Code>AccessDenied</Code><Message>Request has expired</Message>')
  })

  test('of Signature Version 2 are refused by name', async () => {
    const old = `${target.address('s3')}/${Bucket}/there?AWSAccessKeyId=x&Signature=y&Expires=1`
    expect(await (await fetch(old)).text()).toContain('Please use AWS4-HMAC-SHA256.')
  })

  test('are good for this object only', async () => {
    const other = presign(`/${Bucket}/there`, 60).replace('/there', '/else')
    expect(await (await fetch(other)).text()).toContain('<Code>SignatureDoesNotMatch</Code>')
  })
})

sandboxOnly('it is about the control interface')('control requests from a web page are refused', async () => {
  const answer = await fetch(`${target.address('s3')}/_sandbox/info`, { headers: { origin: 'https://example.com' } })
  expect(answer.status).toBe(403)
  expect(JSON.stringify(await target.control('GET', 'info'))).not.toContain(target.administrator.secretAccessKey)
})
