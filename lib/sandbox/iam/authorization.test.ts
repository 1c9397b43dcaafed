import {
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GetKeyPolicyCommand,
  type KMSClient,
  PutKeyPolicyCommand,
  RevokeGrantCommand,
} from '@aws-sdk/client-kms'
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
} from '@aws-sdk/client-s3'
import { AssumeRoleCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { keyArn, openTestSandbox, refusal, type TestSandbox } from '../open-test-sandbox.ts'

let target: TestSandbox
let admin: KMSClient
const root = 'arn:aws:iam::111122223333:root'
const allow = (Action: string | string[], more: object = {}) => ({ Effect: 'Allow', Action, Resource: '*', ...more })
const policy = (...Statement: object[]) => ({ Version: '2012-10-17', Statement })

beforeAll(async () => {
  target = await openTestSandbox()
  admin = target.kms()
})
afterAll(() => target.close())

async function keyWith(...statements: object[]): Promise<string> {
  const everything = {
    Effect: 'Allow',
    Principal: { AWS: 'arn:aws:iam::111122223333:user/vault-console' },
    Action: 'kms:*',
    Resource: '*',
  }
  const Policy = JSON.stringify(policy(everything, ...statements))
  const { KeyMetadata } = await admin.send(new CreateKeyCommand({ Policy }))
  return KeyMetadata?.Arn ?? ''
}

const encryptAs = (client: KMSClient, KeyId: string, EncryptionContext?: Record<string, string>) => {
  return client.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x'), EncryptionContext }))
}

describe('KMS, within an account', () => {
  test('an IAM policy counts when the key policy names the account', async () => {
    const user = await target.user('iam-only', policy(allow('kms:Encrypt')))
    await encryptAs(target.kms('us-east-1', user), keyArn(target.info, 'backups'))
  })

  test('nothing allows: no identity-based policy', async () => {
    const user = await target.user('nothing', policy(allow('s3:*')))
    const key = keyArn(target.info, 'backups')
    expect(await refusal(encryptAs(target.kms('us-east-1', user), key))).toEqual({
      name: 'AccessDeniedException',
      message: `User: arn:aws:iam::111122223333:user/nothing is not authorized to perform: kms:Encrypt on resource: ${key} because no identity-based policy allows the kms:Encrypt action`,
      status: 400,
    })
  })

  test('Decrypt without a key ID names the ciphertext', async () => {
    const user = await target.user('encrypts-only', policy(allow('kms:Encrypt')))
    const client = target.kms('us-east-1', user)
    const { CiphertextBlob } = await encryptAs(client, keyArn(target.info, 'backups'))
    expect((await refusal(client.send(new DecryptCommand({ CiphertextBlob })))).message).toBe(
      'User: arn:aws:iam::111122223333:user/encrypts-only is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext because no identity-based policy allows the kms:Decrypt action',
    )
  })

  test('an explicit deny in an identity-based policy wins', async () => {
    const user = await target.user(
      'denied',
      policy(allow('kms:*'), { Effect: 'Deny', Action: 'kms:Dec*', Resource: '*' }),
    )
    const client = target.kms('us-east-1', user)
    const key = keyArn(target.info, 'backups')
    const { CiphertextBlob } = await encryptAs(client, key)
    expect((await refusal(client.send(new DecryptCommand({ KeyId: key, CiphertextBlob })))).message).toMatch(
      /kms:Decrypt on resource: \S+ with an explicit deny in an identity-based policy$/,
    )
  })

  test('an explicit deny in the key policy wins over an administrator', async () => {
    const KeyId = keyArn(target.info, 'write-only')
    const { CiphertextBlob } = await encryptAs(admin, KeyId)
    expect((await refusal(admin.send(new DecryptCommand({ KeyId, CiphertextBlob })))).message).toBe(
      `User: arn:aws:iam::111122223333:user/vault-console is not authorized to perform: kms:Decrypt on resource: ${KeyId} with an explicit deny in a resource-based policy`,
    )
  })

  test('a key policy that names neither user nor account: no resource-based policy', async () => {
    const user = await target.user('outside', policy(allow('kms:*')))
    const key = await keyWith()
    expect((await refusal(encryptAs(target.kms('us-east-1', user), key))).message).toMatch(
      /because no resource-based policy allows the kms:Encrypt action$/,
    )
  })

  test('a key policy that names the user is enough', async () => {
    const user = await target.user('named', policy(allow('s3:*')))
    const key = await keyWith({ Effect: 'Allow', Principal: { AWS: user.arn }, Action: 'kms:Encrypt', Resource: '*' })
    const client = target.kms('us-east-1', user)
    await encryptAs(client, key)
    expect((await refusal(client.send(new DescribeKeyCommand({ KeyId: key })))).name).toBe('AccessDeniedException')
  })
})

describe('conditions', () => {
  const named = (arn: string, Condition: object) => ({
    Effect: 'Allow',
    Principal: { AWS: arn },
    Action: 'kms:*',
    Resource: '*',
    Condition,
  })

  test.each([
    [
      'StringEquals, context key without case',
      { StringEquals: { 'kms:encryptioncontext:App': 'backup' } },
      { App: 'backup' },
      { App: 'Backup' },
    ],
    ['StringLike', { StringLike: { 'kms:EncryptionContext:app': 'back*' } }, { app: 'backup' }, { app: 'pack' }],
    ['StringNotEquals', { StringNotEquals: { 'kms:EncryptionContext:app': 'a' } }, { app: 'b' }, { app: 'a' }],
    ['Null', { Null: { 'kms:EncryptionContext:app': 'false' } }, { app: 'b' }, { other: 'a' }],
    [
      'ForAllValues on the context keys',
      { 'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['a', 'b'] } },
      { a: '1', b: '2' },
      { a: '1', c: '3' },
    ],
    [
      'ForAnyValue',
      { 'ForAnyValue:StringEquals': { 'kms:EncryptionContextKeys': ['a'] } },
      { a: '1', c: '2' },
      { c: '3' },
    ],
  ])('%s', async (name, condition, good, bad) => {
    const user = await target.user(`condition-${name.replace(/\W+/g, '-')}`, policy(allow('s3:*')))
    const key = await keyWith(named(user.arn, condition))
    const client = target.kms('us-east-1', user)
    await encryptAs(client, key, good)
    expect((await refusal(encryptAs(client, key, bad))).name).toBe('AccessDeniedException')
  })

  test.each([
    ['aws:PrincipalArn', { StringLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:user/fits' } }, true],
    ['Bool that holds', { Bool: { 'aws:SecureTransport': 'false' } }, true],
    ['Bool that does not', { Bool: { 'aws:SecureTransport': 'true' } }, false],
    ['kms:ViaService blocks direct calls', { StringEquals: { 'kms:ViaService': 's3.us-east-1.amazonaws.com' } }, false],
    ['IfExists lets a missing key through', { StringEqualsIfExists: { 'kms:ViaService': 's3' } }, true],
    ['kms:CallerAccount', { StringEquals: { 'kms:CallerAccount': '111122223333' } }, true],
    ['an operator nobody knows never holds', { StringResembles: { 'kms:CallerAccount': '111122223333' } }, false],
  ])('%s', async (_name, condition, allowed) => {
    const user = await target.user('fits', policy(allow('s3:*')))
    const key = await keyWith(named(user.arn, condition))
    const call = encryptAs(target.kms('us-east-1', user), key)
    if (allowed) await call
    else expect((await refusal(call)).name).toBe('AccessDeniedException')
  })
})

describe('KMS, across accounts', () => {
  const foreign =
    /on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access$/

  test('both sides must allow', async () => {
    const stranger = await target.user('guest', policy(allow('kms:Encrypt')), '444455556666')
    const client = target.kms('us-east-1', stranger)
    const closed = await keyWith()
    expect((await refusal(encryptAs(client, closed))).message).toMatch(foreign)
    const open = await keyWith({
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::444455556666:root' },
      Action: ['kms:Encrypt', 'kms:DescribeKey'],
      Resource: '*',
    })
    await encryptAs(client, open)
    // What is missing in the caller's own account is told.
    expect((await refusal(client.send(new DescribeKeyCommand({ KeyId: open })))).message).toBe(
      `User: ${stranger.arn} is not authorized to perform: kms:DescribeKey on resource: ${open} because no identity-based policy allows the kms:DescribeKey action`,
    )
  })

  test('the key of another account that has not shared it', async () => {
    expect((await refusal(encryptAs(admin, keyArn(target.info, 'not-shared')))).message).toMatch(foreign)
  })
})

describe('grants', () => {
  test('let the grantee do what they say, under their constraints, until revoked', async () => {
    const user = await target.user('grantee', policy(allow('s3:*')))
    const client = target.kms('us-east-1', user)
    const KeyId = await keyWith()
    const { GrantId } = await admin.send(
      new CreateGrantCommand({
        KeyId,
        GranteePrincipal: user.arn,
        Operations: ['Encrypt'],
        Constraints: { EncryptionContextSubset: { app: 'a' } },
      }),
    )
    await encryptAs(client, KeyId, { app: 'a', more: 'b' })
    expect((await refusal(encryptAs(client, KeyId, { app: 'z' }))).name).toBe('AccessDeniedException')
    expect((await refusal(client.send(new GetKeyPolicyCommand({ KeyId })))).name).toBe('AccessDeniedException')
    await admin.send(new RevokeGrantCommand({ KeyId, GrantId }))
    expect((await refusal(encryptAs(client, KeyId, { app: 'a' }))).name).toBe('AccessDeniedException')
  })

  test('a deny stands above them', async () => {
    const user = await target.user('grantee-denied', policy({ Effect: 'Deny', Action: 'kms:*', Resource: '*' }))
    const KeyId = await keyWith()
    await admin.send(new CreateGrantCommand({ KeyId, GranteePrincipal: user.arn, Operations: ['Encrypt'] }))
    expect((await refusal(encryptAs(target.kms('us-east-1', user), KeyId))).message).toContain('explicit deny')
  })

  test('a token that nobody gave out is refused', async () => {
    const command = { KeyId: await keyWith(), Plaintext: Buffer.from('x'), GrantTokens: ['made-up'] }
    expect((await refusal(admin.send(new EncryptCommand(command)))).name).toBe('InvalidGrantTokenException')
  })
})

describe('roles', () => {
  const trust = (principal: string, Condition?: object) => ({
    ...policy({
      Effect: 'Allow',
      Principal: { AWS: principal },
      Action: 'sts:AssumeRole',
      ...(Condition && { Condition }),
    }),
  })
  const RoleArn = 'arn:aws:iam::444455556666:role/backup'

  test('AssumeRole needs the trust policy, the external ID and, across accounts, an IAM policy', async () => {
    const condition = { StringEquals: { 'sts:ExternalId': 'customer-17' } }
    await target.control('PUT', 'roles/444455556666/backup', {
      trustPolicy: trust(root, condition),
      policy: policy(allow('kms:*')),
    })
    const assume = (ExternalId?: string, client = target.sts()) => {
      return client.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'night', ExternalId }))
    }
    expect(await refusal(assume())).toEqual({
      name: 'AccessDenied',
      message: `User: arn:aws:iam::111122223333:user/vault-console is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`,
      status: 403,
    })
    const powerless = await target.user('powerless', policy(allow('s3:*')))
    expect((await refusal(assume('customer-17', target.sts('us-east-1', powerless)))).message).toContain(
      'because no identity-based policy allows the sts:AssumeRole action',
    )
    const { Credentials, AssumedRoleUser } = await assume('customer-17')
    expect(AssumedRoleUser?.Arn).toBe('arn:aws:sts::444455556666:assumed-role/backup/night')
    const session = {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    }
    const identity = await target.sts('us-east-1', session).send(new GetCallerIdentityCommand({}))
    expect(identity.Arn).toBe(AssumedRoleUser?.Arn)
    expect(identity.UserId).toMatch(/^AROA[A-Z0-9]{17}:night$/)
    await encryptAs(target.kms('us-east-1', session), keyArn(target.info, 'not-shared'))
  })

  test('a session ends, and each service says so in its own words', async () => {
    await target.control('PUT', 'roles/444455556666/short', { trustPolicy: trust(root), policy: policy(allow('*')) })
    const { Credentials } = await target.sts().send(
      new AssumeRoleCommand({
        RoleArn: RoleArn.replace('backup', 'short'),
        RoleSessionName: 'night',
        DurationSeconds: 2,
      }),
    )
    const session = {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    }
    await target.control('PUT', 'clock', { advanceSeconds: 3 })
    const kms = target.kms('us-east-1', session).send(new DescribeKeyCommand({ KeyId: 'alias/backups' }))
    expect(await refusal(kms)).toEqual({
      name: 'ExpiredTokenException',
      message: 'The security token included in the request is expired',
      status: 400,
    })
    const s3 = target.s3('us-east-1', session).send(new ListObjectsV2Command({ Bucket: 'vault-hosted-us-east-1' }))
    expect(await refusal(s3)).toEqual({ name: 'ExpiredToken', message: 'The provided token has expired.', status: 400 })
    const sts = target.sts('us-east-1', session).send(new GetCallerIdentityCommand({}))
    expect(await refusal(sts)).toMatchObject({ name: expect.stringMatching(/^ExpiredToken/), status: 403 })
    await target.control('DELETE', 'clock')
  })

  test('a session policy narrows the role', async () => {
    await target.control('PUT', 'roles/111122223333/wide', { trustPolicy: trust(root), policy: policy(allow('kms:*')) })
    const { Credentials } = await target.sts().send(
      new AssumeRoleCommand({
        RoleArn: 'arn:aws:iam::111122223333:role/wide',
        RoleSessionName: 'narrow',
        Policy: JSON.stringify(policy(allow('kms:DescribeKey'))),
      }),
    )
    const client = target.kms('us-east-1', {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    })
    await client.send(new DescribeKeyCommand({ KeyId: 'alias/backups' }))
    expect((await refusal(encryptAs(client, 'alias/backups'))).message).toContain(
      'because no session policy allows the kms:Encrypt action',
    )
  })

  test('a bad role ARN', async () => {
    const command = new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::111122223333:user/x', RoleSessionName: 'night' })
    expect(await refusal(target.sts().send(command))).toMatchObject({
      name: 'ValidationError',
      message: 'arn:aws:iam::111122223333:user/x is invalid',
    })
  })
})

describe('S3', () => {
  let made = 0
  let Bucket: string
  beforeEach(async () => {
    made += 1
    Bucket = `policy-tests-${made}`
    await target.s3().send(new CreateBucketCommand({ Bucket }))
    await target.s3().send(new PutObjectCommand({ Bucket, Key: 'open/a', Body: 'a' }))
  })

  test('within the account an IAM policy alone is enough', async () => {
    const reader = await target.user(
      'reader',
      policy(allow('s3:GetObject', { Resource: `arn:aws:s3:::${Bucket}/open/*` })),
    )
    const s3 = target.s3('us-east-1', reader)
    await s3.send(new GetObjectCommand({ Bucket, Key: 'open/a' }))
    expect(await refusal(s3.send(new GetObjectCommand({ Bucket, Key: 'shut/a' })))).toEqual({
      name: 'AccessDenied',
      message: `User: arn:aws:iam::111122223333:user/reader is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::${Bucket}/shut/a" because no identity-based policy allows the s3:GetObject action`,
      status: 403,
    })
    const missing = await refusal(s3.send(new GetObjectCommand({ Bucket, Key: 'open/none' })))
    expect(missing).toMatchObject({ name: 'AccessDenied', status: 403 })
  })

  test('a stranger needs the bucket policy, and is not told why otherwise', async () => {
    const s3 = target.s3('us-east-1', target.stranger)
    const get = () => s3.send(new GetObjectCommand({ Bucket, Key: 'open/a' }))
    expect(await refusal(get())).toEqual({ name: 'AccessDenied', message: 'Access Denied', status: 403 })
    const share = {
      Effect: 'Allow',
      Principal: { AWS: '444455556666' },
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${Bucket}/*`,
    }
    await target.s3().send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(policy(share)) }))
    expect(await (await get()).Body?.transformToString()).toBe('a')
  })

  test('a deny in the bucket policy', async () => {
    const deny = { Effect: 'Deny', Principal: '*', Action: 's3:PutObject', Resource: `arn:aws:s3:::${Bucket}/*` }
    await target.s3().send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(policy(deny)) }))
    const refused = await refusal(target.s3().send(new PutObjectCommand({ Bucket, Key: 'x', Body: 'x' })))
    expect(refused.message).toContain('with an explicit deny in a resource-based policy')
  })

  test('a public policy is prevented by the public access block; without it, anybody reads', async () => {
    const open = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` }
    const put = () => target.s3().send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(policy(open)) }))
    expect((await refusal(put())).message).toContain(
      'public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access',
    )
    const url = `${target.sandbox.endpoint}/${Bucket}/open/a`
    expect((await fetch(url)).status).toBe(403)
    await target
      .s3()
      .send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: { BlockPublicPolicy: false } }))
    await put()
    expect(await (await fetch(url)).text()).toBe('a')
  })
})

test('a key policy can be read back', async () => {
  const KeyId = await keyWith()
  const Policy = JSON.stringify(policy({ Effect: 'Allow', Principal: { AWS: root }, Action: 'kms:*', Resource: '*' }))
  await admin.send(new PutKeyPolicyCommand({ KeyId, Policy }))
  expect((await admin.send(new GetKeyPolicyCommand({ KeyId }))).Policy).toBe(Policy)
})
