import { DecryptCommand, EncryptCommand } from '@aws-sdk/client-kms'
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { keyArn, openTestSandbox, refusal, type TestSandbox } from './open-test-sandbox.ts'

let target: TestSandbox
const Bucket = 'vault-hosted-us-east-1'

beforeAll(async () => {
  target = await openTestSandbox()
  await target.s3().send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'a'.repeat(10_000) }))
})
afterEach(() => target.control('DELETE', 'faults'))
afterAll(() => target.close())

const encrypt = (KeyId = 'alias/backups') =>
  target.kms().send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))
const get = async () => {
  const { Body } = await target.s3().send(new GetObjectCommand({ Bucket, Key: 'a' }))
  return Body?.transformToString()
}
const whoAmI = () => target.sts().send(new GetCallerIdentityCommand({}))
const arm = (...faults: object[]) => target.control('PUT', 'faults', faults)

test.each([
  ['Throttle', 'ThrottlingException', 400, 'SlowDown', 503, 'Throttling', 400],
  ['InternalError', 'KMSInternalException', 500, 'InternalError', 500, 'InternalFailure', 500],
  ['Outage', 'ServiceUnavailable', 503, 'ServiceUnavailable', 503, 'ServiceUnavailable', 503],
])('%s, as each service says it', async (effect, kms, kmsStatus, s3, s3Status, sts, stsStatus) => {
  await arm({ service: '*', operation: '*', effect })
  expect(await refusal(encrypt())).toMatchObject({ name: kms, status: kmsStatus })
  expect(await refusal(get())).toMatchObject({ name: s3, status: s3Status })
  expect(await refusal(whoAmI())).toMatchObject({ name: sts, status: stsStatus })
})

test('AccessDenied, for one operation', async () => {
  await arm({ service: 'kms', operation: 'Decrypt', effect: 'AccessDenied' })
  const { CiphertextBlob } = await encrypt()
  expect(await refusal(target.kms().send(new DecryptCommand({ CiphertextBlob })))).toEqual({
    name: 'AccessDeniedException',
    message: `User: arn:aws:iam::111122223333:user/vault-console is not authorized to perform: kms:Decrypt on resource: ${keyArn(target.info, 'backups')} with an explicit deny in an identity-based policy`,
    status: 400,
  })
})

test('for one key, however it is named', async () => {
  await arm({ service: 'kms', operation: '*', keyId: keyArn(target.info, 'backups'), effect: 'Throttle' })
  expect((await refusal(encrypt('alias/backups'))).name).toBe('ThrottlingException')
  await encrypt('alias/archive')
})

test('so many times', async () => {
  await arm({ service: 'kms', operation: 'Encrypt', effect: 'InternalError', times: 2 })
  await refusal(encrypt())
  await refusal(encrypt())
  await encrypt()
})

test('with a probability that a seed repeats', async () => {
  const series = async () => {
    await arm({ service: 'sts', operation: '*', effect: 'Throttle', probability: 0.5, seed: 7 })
    const outcomes: boolean[] = []
    for (let turn = 0; turn < 20; turn += 1) {
      outcomes.push(
        await whoAmI().then(
          () => true,
          () => false,
        ),
      )
    }
    return outcomes
  }
  const first = await series()
  expect(new Set(first).size).toBe(2)
  expect(await series()).toEqual(first)
})

test('a connection cut, a body cut short, a byte changed', async () => {
  await arm({ service: 's3', operation: 'GetObject', effect: 'Reset' })
  expect((await refusal(get())).name).toBe('TimeoutError')
  await arm({ service: 's3', operation: 'GetObject', effect: 'Truncate' })
  await expect(get()).rejects.toThrow()
  await arm({ service: 's3', operation: 'GetObject', effect: 'CorruptBody' })
  await expect(get()).rejects.toThrow('Checksum mismatch')
})

test('a bad fault is refused with a sentence', async () => {
  await expect(arm({ service: 'kms', operation: '*', effect: 'Flood' })).rejects.toThrow('"effect\\" must be one of')
})

test.each([
  [
    'kms',
    'NONSENSE',
    /“NONSENSE” is no operation of KMS in the sandbox. Give \* for all, or one of .*Decrypt, .*Encrypt, /,
  ],
  ['kms', 'PutObject', /“PutObject” is no operation of KMS/],
  ['s3', 'putobject', /it is written PutObject\./],
  ['s3', 'constructor', /no operation of S3 in the sandbox.* CreateBucket, .*ListBuckets, .*PutObject/],
  ['sts', 'GetSessionToken', /or one of AssumeRole, GetCallerIdentity\./],
  ['*', 'NONSENSE', /is no operation of the sandbox\. .*AssumeRole, .*Decrypt, .*PutObject/],
  ['iam', '*', /“iam” is no service of the sandbox: it has kms, sts, s3, or \* for all\./],
])('a fault that would never strike is refused, with what there is: %s %s', async (service, operation, words) => {
  await expect(arm({ service, operation, effect: 'Throttle' })).rejects.toThrow(words)
  expect(await target.control('GET', 'faults')).toEqual([])
})

test.each([
  ['kms', 'ReEncrypt'],
  ['KMS', '*'],
  ['s3', 'CreateBucket'],
  ['sts', 'AssumeRole'],
  ['*', 'PutObject'],
])('a fault of what there is can be set: %s %s', async (service, operation) => {
  expect(await arm({ service, operation, effect: 'Throttle' })).toHaveLength(1)
})

test('calls are counted by service and operation', async () => {
  await target.control('DELETE', 'requests')
  await encrypt()
  await encrypt()
  await get()
  const { counts, recent } = await target.control('GET', 'requests')
  expect(counts).toEqual({ kms: { Encrypt: 2 }, s3: { GetObject: 1 } })
  expect(recent[0]).toMatchObject({ service: 's3', operation: 'GetObject', status: 200, resource: Bucket })
})

test('the store can be emptied, locks or not; buckets stay', async () => {
  await target.s3().send(new PutObjectCommand({ Bucket, Key: 'b', Body: 'b' }))
  await target.control('DELETE', 'objects')
  expect((await target.s3().send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0)
  await target.s3().send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'a' }))
})
