import { rmSync } from 'node:fs'
import { DecryptCommand, DescribeKeyCommand, EnableKeyCommand, EncryptCommand } from '@aws-sdk/client-kms'
import { CreateBucketCommand, GetObjectCommand, ListBucketsCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openSandboxControl, type SandboxControl } from './open-control.ts'
import { keyArn, openTestSandbox, refusal, type TestSandbox } from './open-test-sandbox.ts'
import { rehearsalKinds } from './schema.ts'

let target: TestSandbox
let control: SandboxControl
let key: string
const bucket = 'vault-hosted-us-east-1'

beforeAll(async () => {
  target = await openTestSandbox()
  control = openSandboxControl(target.dataDir)
  key = keyArn(target.info, 'backups')
  await target.s3().send(new PutObjectCommand({ Bucket: bucket, Key: 'kept', Body: 'kept' }))
})
afterEach(() => control.restore())
afterAll(() => target.close())

const encrypt = (on = target) =>
  on.kms().send(new EncryptCommand({ KeyId: 'alias/backups', Plaintext: Buffer.from('x') }))
const describe = (on = target) => on.kms().send(new DescribeKeyCommand({ KeyId: key }))
const read = (on = target) => on.s3().send(new GetObjectCommand({ Bucket: bucket, Key: 'kept' }))

/** Each kind, what is refused while it lasts, and how. */
const refused: [(typeof rehearsalKinds)[number], () => Promise<unknown>, string, RegExp][] = [
  ['key-disabled', () => encrypt(), 'DisabledException', /is disabled/],
  ['key-pending-deletion', () => encrypt(), 'KMSInvalidStateException', /is pending deletion/],
  [
    'without-describe-key',
    () => describe(),
    'AccessDeniedException',
    /no identity-based policy allows the kms:Describe/,
  ],
  ['without-encrypt', () => encrypt(), 'AccessDeniedException', /no identity-based policy allows the kms:Encrypt/],
  ['without-decrypt', () => decrypt(), 'AccessDeniedException', /no identity-based policy allows the kms:Decrypt/],
  ['kms-throttled', () => encrypt(), 'ThrottlingException', /rate/],
  ['kms-down', () => describe(), 'ServiceUnavailable', /unavailable/],
  ['bucket-gone', () => read(), 'NoSuchBucket', /does not exist/],
]

async function decrypt() {
  const { CiphertextBlob } = await encrypt()
  return target.kms().send(new DecryptCommand({ CiphertextBlob }))
}

test.each(refused)('%s: refused while it lasts, as before afterwards', async (kind, call, code, words) => {
  const before = await describe()
  await control.rehearse({ kind, keyArn: key, bucket })
  const { name, message } = await refusal(call())
  expect(name).toBe(code)
  expect(message).toMatch(words)
  expect((await control.view()).rehearsal).toMatchObject({ kind })
  await control.restore()
  expect((await control.view()).rehearsal).toBeNull()
  await call()
  expect((await describe()).KeyMetadata).toEqual(before.KeyMetadata)
  expect(await (await read()).Body?.transformToString()).toBe('kept')
})

test('slow network: everything works, a second later', async () => {
  await control.rehearse({ kind: 'slow-network' })
  const started = performance.now()
  await encrypt()
  expect(performance.now() - started).toBeGreaterThan(990)
})

test('a permission is missing on that key alone', async () => {
  await control.rehearse({ kind: 'without-encrypt', keyArn: key })
  await target.kms().send(new EncryptCommand({ KeyId: 'alias/archive', Plaintext: Buffer.from('x') }))
})

test('a bucket that is gone is in no list, and its name cannot be taken', async () => {
  await control.rehearse({ kind: 'bucket-gone', bucket })
  const { Buckets } = await target.s3().send(new ListBucketsCommand({}))
  expect(Buckets?.map(({ Name }) => Name)).not.toContain(bucket)
  expect(await refusal(target.s3().send(new CreateBucketCommand({ Bucket: bucket })))).toMatchObject({
    name: 'OperationAborted',
    status: 409,
  })
})

test('the next one ends the one before', async () => {
  await control.rehearse({ kind: 'key-disabled', keyArn: key })
  await control.rehearse({ kind: 'bucket-gone', bucket })
  await encrypt()
  expect((await refusal(read())).name).toBe('NoSuchBucket')
})

test('what somebody mended meanwhile stays mended', async () => {
  await control.rehearse({ kind: 'key-disabled', keyArn: key })
  await target.kms().send(new EnableKeyCommand({ KeyId: key }))
  await encrypt()
  await control.restore()
  await encrypt()
})

test('it outlives a restart, and can be ended after it', async () => {
  const first = await openTestSandbox()
  const { dataDir } = first
  await first.s3().send(new PutObjectCommand({ Bucket: bucket, Key: 'kept', Body: 'kept' }))
  await first.close(true)
  for (const kind of ['kms-down', 'bucket-gone'] as const) {
    const running = await openTestSandbox({ dataDir })
    await openSandboxControl(dataDir).rehearse({ kind, bucket })
    await running.close(true)
    const again = await openTestSandbox({ dataDir })
    await refusal(kind === 'kms-down' ? encrypt(again) : read(again))
    await openSandboxControl(dataDir).restore()
    await (kind === 'kms-down' ? encrypt(again) : read(again))
    await again.close(true)
  }
  // A key that is disabled still is, and one that somebody has enabled is not disabled again.
  const broken = await openTestSandbox({ dataDir })
  const keyId = keyArn(broken.info, 'backups')
  await openSandboxControl(dataDir).rehearse({ kind: 'key-disabled', keyArn: keyId })
  await broken.close(true)
  const mended = await openTestSandbox({ dataDir })
  expect((await refusal(encrypt(mended))).name).toBe('DisabledException')
  await mended.kms().send(new EnableKeyCommand({ KeyId: keyId }))
  await mended.close(true)
  const last = await openTestSandbox({ dataDir })
  await encrypt(last)
  expect((await openSandboxControl(dataDir).view()).rehearsal).toBeNull()
  await last.close(true)
  rmSync(dataDir, { recursive: true })
})

test('a wish that makes no sense is refused with a sentence', async () => {
  await expect(control.rehearse({ kind: 'key-disabled', keyArn: 'arn:aws:kms:none' })).rejects.toThrow('"keyArn"')
  await expect(control.rehearse({ kind: 'bucket-gone', bucket: 'no-such-bucket' })).rejects.toThrow('"bucket"')
  await expect(target.control('PUT', 'rehearsal', { kind: 'flood' })).rejects.toThrow(rehearsalKinds.join(', '))
  expect((await control.view()).rehearsal).toBeNull()
})

test('the view counts objects and bytes, and shows faults and calls', async () => {
  await control.setFaults([{ service: 's3', operation: 'GetObject', effect: 'Throttle', times: 1 }])
  await refusal(read())
  const view = await control.view()
  expect(view.buckets.find(({ name }) => name === bucket)).toEqual({
    name: bucket,
    region: 'us-east-1',
    objects: 1,
    bytes: 4,
  })
  expect(view.faults).toEqual([{ service: 's3', operation: 'GetObject', effect: 'Throttle', times: 1 }])
  expect(view.calls[0]).toMatchObject({ service: 's3', operation: 'GetObject', status: 503, code: 'SlowDown' })
  expect(view.keys.find(({ arn }) => arn === key)).toMatchObject({
    aliases: ['alias/backups'],
    usable: true,
    about: 'Protects backups',
  })
})

test('nothing runs: a sentence says where', async () => {
  await expect(openSandboxControl('/nonexistent').view()).rejects.toThrow('No sandbox runs on /nonexistent.')
})
