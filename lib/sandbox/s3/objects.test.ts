import { createHash, randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { DescribeKeyCommand, DisableKeyCommand, EnableKeyCommand, EncryptCommand } from '@aws-sdk/client-kms'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeletePublicAccessBlockCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keyArn, openTarget, refusal, type TestTarget } from '../open-test-sandbox.ts'
import { sandboxOnly } from '../test-contract.ts'

let target: TestTarget
let s3: S3Client
const Bucket = 'vault-hosted-us-east-1'

beforeAll(async () => {
  target = await openTarget()
  s3 = target.s3()
})
afterAll(() => target.close())

const put = (Key: string, Body: string | Buffer, more: object = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))
const get = async (Key: string, more: object = {}) => {
  const answer = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }))
  return (await answer.Body?.transformToString()) ?? ''
}

describe('objects', () => {
  test('come back as they were put, with what was said about them', async () => {
    await put('plain', 'hello', { ContentType: 'text/plain', CacheControl: 'no-store', Metadata: { colour: 'green' } })
    const answer = await s3.send(new GetObjectCommand({ Bucket, Key: 'plain' }))
    expect(await answer.Body?.transformToString()).toBe('hello')
    expect(answer).toMatchObject({
      ContentType: 'text/plain',
      CacheControl: 'no-store',
      ContentLength: 5,
      ETag: expect.stringMatching(/^"[0-9a-f]{32}"$/),
      ServerSideEncryption: 'AES256',
    })
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'plain', ChecksumMode: 'ENABLED' }))
    expect(head).toMatchObject({ ContentLength: 5, ChecksumCRC32: 'NhCmhg==', ChecksumType: 'FULL_OBJECT' })
  })

  test('a stream travels in aws-chunked, which is not kept', async () => {
    const bytes = randomBytes(1_500_001)
    await s3.send(
      new PutObjectCommand({
        Bucket,
        Key: 'stream',
        Body: Readable.from([bytes.subarray(0, 70_000), bytes.subarray(70_000)]),
        ContentLength: bytes.length,
      }),
    )
    const answer = await s3.send(new GetObjectCommand({ Bucket, Key: 'stream' }))
    expect(Buffer.from((await answer.Body?.transformToByteArray()) ?? []).equals(bytes)).toBe(true)
    expect(answer.ContentEncoding).toBeUndefined()
  })

  test('ranges', async () => {
    await put('range', '0123456789')
    expect(await get('range', { Range: 'bytes=2-4' })).toBe('234')
    expect(await get('range', { Range: 'bytes=7-' })).toBe('789')
    expect(await get('range', { Range: 'bytes=-2' })).toBe('89')
    expect(await get('range', { Range: 'bytes=8-99' })).toBe('89')
    expect(await get('range', { Range: 'lines=1-2' })).toBe('0123456789')
    expect(await refusal(get('range', { Range: 'bytes=10-' }))).toMatchObject({ name: 'InvalidRange', status: 416 })
  })

  test('conditions on reading', async () => {
    const { ETag } = await put('conditional', 'x')
    expect(await get('conditional', { IfMatch: ETag })).toBe('x')
    expect(await refusal(get('conditional', { IfMatch: '"other"' }))).toMatchObject({
      name: 'PreconditionFailed',
      status: 412,
    })
    expect((await refusal(get('conditional', { IfNoneMatch: ETag }))).status).toBe(304)
    expect((await refusal(get('conditional', { IfModifiedSince: new Date(Date.now() + 1000) }))).status).toBe(304)
    expect((await refusal(get('conditional', { IfUnmodifiedSince: new Date(0) }))).status).toBe(412)
  })

  test('conditions on writing', async () => {
    const { ETag } = await put('once', 'first', { IfNoneMatch: '*' })
    expect(await refusal(put('once', 'second', { IfNoneMatch: '*' }))).toEqual({
      name: 'PreconditionFailed',
      message: 'At least one of the pre-conditions you specified did not hold',
      status: 412,
    })
    expect(await get('once')).toBe('first')
    expect((await refusal(put('once', 'x', { IfNoneMatch: '"etag"' }))).status).toBe(501)
    expect((await refusal(put('once', 'x', { IfMatch: '"other"' }))).status).toBe(412)
    expect(await refusal(put('never', 'x', { IfMatch: ETag }))).toMatchObject({ name: 'NoSuchKey', status: 404 })
    await put('once', 'second', { IfMatch: ETag })
    expect(await get('once')).toBe('second')
  })

  test('of ten writers at once with If-None-Match, one wins', async () => {
    const writes = Array.from({ length: 10 }, (_, index) => put('raced', `writer ${index}`, { IfNoneMatch: '*' }))
    const outcomes = await Promise.allSettled(writes)
    const won = outcomes.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []))
    expect(won).toHaveLength(1)
    expect(await get('raced')).toBe(`writer ${won[0]}`)
  })

  test('a reader keeps the bytes it began with, whatever is written meanwhile', async () => {
    const old = randomBytes(4_000_000)
    await put('replaced', old)
    const answer = await s3.send(new GetObjectCommand({ Bucket, Key: 'replaced' }))
    await put('replaced', 'new')
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'replaced' }))
    expect(Buffer.from((await answer.Body?.transformToByteArray()) ?? []).equals(old)).toBe(true)
  })

  test('a missing object, a missing bucket', async () => {
    expect(await refusal(get('none'))).toEqual({
      name: 'NoSuchKey',
      message: 'The specified key does not exist.',
      status: 404,
    })
    expect(await refusal(s3.send(new HeadObjectCommand({ Bucket, Key: 'none' })))).toMatchObject({
      name: 'NotFound',
      status: 404,
    })
    expect(await refusal(s3.send(new ListObjectsV2Command({ Bucket: 'nobody-has-this' })))).toEqual({
      name: 'NoSuchBucket',
      message: 'The specified bucket does not exist',
      status: 404,
    })
  })

  test('deleting is idempotent, one by one and many at once', async () => {
    await put('gone/1', 'x')
    await put('gone/2', 'x')
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'gone/1' }))
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'gone/1' }))
    const Objects = [{ Key: 'gone/1' }, { Key: 'gone/2' }, { Key: 'gone/3' }]
    const { Deleted } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
    expect(Deleted?.map(({ Key }) => Key)).toEqual(['gone/1', 'gone/2', 'gone/3'])
    expect((await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'gone/' }))).KeyCount).toBe(0)
  })

  test('a copy, with the source conditions and new metadata', async () => {
    const { ETag } = await put('source ü/+&', 'copied', { Metadata: { a: '1' } })
    const CopySource = `${Bucket}/${encodeURIComponent('source ü/+&')}`
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource, CopySourceIfMatch: ETag }))
    const copy = await s3.send(new GetObjectCommand({ Bucket, Key: 'copy' }))
    expect(copy.Metadata).toEqual({ a: '1' })
    expect(await copy.Body?.transformToString()).toBe('copied')
    const failing = new CopyObjectCommand({ Bucket, Key: 'copy2', CopySource, CopySourceIfNoneMatch: ETag })
    expect((await refusal(s3.send(failing))).status).toBe(412)
    const self = new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/copy` })
    expect((await refusal(s3.send(self))).name).toBe('InvalidRequest')
    await s3.send(new CopyObjectCommand({ ...self.input, MetadataDirective: 'REPLACE', Metadata: { b: '2' } }))
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: 'copy' }))).Metadata).toEqual({ b: '2' })
  })

  test('a key of more than 1,024 bytes is too long', async () => {
    await put('k'.repeat(1024), 'x')
    expect(await refusal(put('k'.repeat(1025), 'x'))).toEqual({
      name: 'KeyTooLongError',
      message: 'Your key is too long',
      status: 400,
    })
  })
})

describe('integrity', () => {
  const wrong = {
    CRC32: 'AAAAAA==',
    CRC32C: 'AAAAAA==',
    CRC64NVME: 'AAAAAAAAAAA=',
    SHA1: 'A'.repeat(27),
    SHA256: 'A'.repeat(43),
  }

  test.each(Object.entries(wrong))('a wrong %s is refused and nothing is stored', async (algorithm, value) => {
    const Key = `wrong-${algorithm}`
    const padded = value.endsWith('=') ? value : `${value}=`
    expect(await refusal(put(Key, 'x', { [`Checksum${algorithm}`]: padded }))).toEqual({
      name: 'BadDigest',
      message: `The ${algorithm} you specified did not match the calculated checksum.`,
      status: 400,
    })
    expect((await refusal(get(Key))).name).toBe('NoSuchKey')
  })

  test.each(['CRC32', 'CRC32C', 'SHA1', 'SHA256'] as const)(
    '%s in a trailer is checked and kept',
    async (ChecksumAlgorithm) => {
      const Body = Readable.from([randomBytes(100_000)])
      await s3.send(new PutObjectCommand({ Bucket, Key: 'trailer', Body, ContentLength: 100_000, ChecksumAlgorithm }))
      const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'trailer', ChecksumMode: 'ENABLED' }))
      expect(head[`Checksum${ChecksumAlgorithm}`]).toBeTruthy()
    },
  )

  test('a wrong trailer is refused', async () => {
    const body = Readable.from([Buffer.from('abc')])
    s3.middlewareStack.add(
      (next) => async (args) => {
        const request = Object(args.request)
        const chunks: Buffer[] = []
        if (request.body instanceof Readable) {
          for await (const chunk of request.body) chunks.push(Buffer.from(chunk))
          const text = Buffer.concat(chunks)
            .toString('latin1')
            .replace(/(x-amz-checksum-crc32:).{6}/, '$1AAAAAA')
          request.body = Buffer.from(text, 'latin1')
        }
        return next(args)
      },
      { step: 'deserialize', name: 'breakTrailer', priority: 'low' },
    )
    const refused = await refusal(
      s3.send(new PutObjectCommand({ Bucket, Key: 'bad-trailer', Body: body, ContentLength: 3 })),
    )
    s3.middlewareStack.remove('breakTrailer')
    expect(refused.name).toBe('BadDigest')
    expect((await refusal(get('bad-trailer'))).name).toBe('NoSuchKey')
  })

  test('Content-MD5', async () => {
    const right = createHash('md5').update('x').digest('base64')
    const { ETag } = await put('md5', 'x', { ContentMD5: right })
    expect(ETag).toBe(`"${createHash('md5').update('x').digest('hex')}"`)
    expect(await refusal(put('md5-wrong', 'y', { ContentMD5: right }))).toMatchObject({
      name: 'BadDigest',
      status: 400,
    })
    expect(await refusal(put('md5-broken', 'y', { ContentMD5: 'AAAA' }))).toMatchObject({
      name: 'InvalidDigest',
      status: 400,
    })
  })

  test('a value that is none, and two kinds at once', async () => {
    expect((await refusal(put('broken', 'x', { ChecksumCRC32: 'AAAA' }))).message).toBe(
      'Value for x-amz-checksum-crc32 header is invalid.',
    )
    const two = { ChecksumCRC32: 'AAAAAA==', ChecksumSHA1: `${'A'.repeat(27)}=` }
    expect((await refusal(put('two', 'x', two))).message).toBe(
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    )
  })

  sandboxOnly('it looks into the data folder')('nothing of what was refused is left on disk', () => {
    expect(readdirSync(join(target.dataDir, 's3', Bucket, 'incoming'))).toEqual([])
  })
})

describe('buckets', () => {
  test('in the wrong Region: a redirect that tells the right one', async () => {
    const west = target.s3('us-west-2')
    expect(await refusal(west.send(new ListObjectsV2Command({ Bucket })))).toEqual({
      name: 'PermanentRedirect',
      message:
        'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
      status: 301,
    })
    const bare = await fetch(`${target.address('s3')}/${target.real(Bucket)}`, { method: 'HEAD' })
    expect(bare.headers.get('x-amz-bucket-region')).toBe('us-east-1')
    expect((await refusal(west.send(new HeadBucketCommand({ Bucket })))).status).toBe(301)
  })

  test('the expected owner', async () => {
    await s3.send(new HeadBucketCommand({ Bucket, ExpectedBucketOwner: '111122223333' }))
    const refused = (ExpectedBucketOwner: string) =>
      refusal(s3.send(new ListObjectsV2Command({ Bucket, ExpectedBucketOwner })))
    expect(await refused('444455556666')).toEqual({ name: 'AccessDenied', message: 'Access Denied', status: 403 })
    expect(await refused('12')).toEqual({
      name: 'InvalidBucketOwnerAWSAccountID',
      message: 'The value of the expected bucket owner parameter must be an AWS Account ID... [12]',
      status: 400,
    })
  })

  sandboxOnly('it needs a second account')('making one: name, Region, and who has it already', async () => {
    const create = (name: string, client = s3, LocationConstraint?: 'eu-central-1' | 'us-west-2') => {
      const CreateBucketConfiguration = LocationConstraint && { LocationConstraint }
      return client.send(new CreateBucketCommand({ Bucket: name, CreateBucketConfiguration }))
    }
    const frankfurt = target.s3('eu-central-1')
    await create('made-in-frankfurt', frankfurt, 'eu-central-1')
    expect(
      (await frankfurt.send(new GetBucketLocationCommand({ Bucket: 'made-in-frankfurt' }))).LocationConstraint,
    ).toBe('eu-central-1')
    expect((await s3.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBeUndefined()
    expect((await refusal(create('made-in-frankfurt', frankfurt, 'eu-central-1'))).name).toBe('BucketAlreadyOwnedByYou')
    expect((await refusal(create(Bucket, target.s3('us-east-1', target.stranger)))).name).toBe('BucketAlreadyExists')
    expect((await refusal(create('elsewhere', frankfurt, 'us-west-2'))).name).toBe('IllegalLocationConstraintException')
    expect((await refusal(create('Bad_Name'))).name).toBe('InvalidBucketName')
    const { Buckets } = await s3.send(new ListBucketsCommand({}))
    expect(Buckets?.find((bucket) => bucket.Name === 'made-in-frankfurt')?.BucketRegion).toBe('eu-central-1')
  })

  test('what is not configured says so', async () => {
    expect(await refusal(s3.send(new GetObjectLockConfigurationCommand({ Bucket })))).toEqual({
      name: 'ObjectLockConfigurationNotFoundError',
      message: 'Object Lock configuration does not exist for this bucket',
      status: 404,
    })
    await s3.send(new DeletePublicAccessBlockCommand({ Bucket }))
    expect(await refusal(s3.send(new GetPublicAccessBlockCommand({ Bucket })))).toEqual({
      name: 'NoSuchPublicAccessBlockConfiguration',
      message: 'The public access block configuration was not found',
      status: 404,
    })
    expect((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBeUndefined()
    const { ServerSideEncryptionConfiguration } = await s3.send(new GetBucketEncryptionCommand({ Bucket }))
    expect(ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm).toBe(
      'AES256',
    )
  })

  test('a lifecycle configuration is kept', async () => {
    const Rules = [{ ID: 'old', Status: 'Enabled' as const, Filter: { Prefix: 'tmp/' }, Expiration: { Days: 7 } }]
    await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }))
    const kept = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))
    expect(kept.Rules).toEqual(Rules)
  })

  sandboxOnly('it is about the name localhost')('virtual-host style', async () => {
    await put('by/host', 'x')
    // No name server knows bucket.localhost, so the agent is told.
    const httpAgent = new Agent({
      lookup: (_name, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
    })
    const client = new S3Client({
      region: 'us-east-1',
      endpoint: target.address('s3').replace('127.0.0.1', 'localhost'),
      credentials: target.administrator,
      requestHandler: { httpAgent },
    })
    const answer = await client.send(new GetObjectCommand({ Bucket, Key: 'by/host' }))
    expect(await answer.Body?.transformToString()).toBe('x')
    client.destroy()
  })
})

describe('SSE-KMS', () => {
  const key = () => keyArn(target.info, 'archive')
  const sealed = { ServerSideEncryption: 'aws:kms' as const }

  test("asks KMS in the caller's name, on the way in and out", async () => {
    const made = await put('sse', 'x', { ...sealed, SSEKMSKeyId: 'alias/archive' })
    expect(made).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key() })
    expect(await get('sse')).toBe('x')
    await target.kms().send(new DisableKeyCommand({ KeyId: key() }))
    const off = { name: 'KMS.DisabledException', message: `${key()} is disabled.`, status: 400 }
    expect(await refusal(get('sse'))).toEqual(off)
    expect(await refusal(put('sse2', 'x', { ...sealed, SSEKMSKeyId: key() }))).toEqual(off)
    await target.kms().send(new EnableKeyCommand({ KeyId: key() }))
    expect(await get('sse')).toBe('x')
  })

  test('without a key, the managed key aws/s3, which works only through S3', async () => {
    const { SSEKMSKeyId } = await put('managed', 'x', sealed)
    expect(await get('managed')).toBe('x')
    const { KeyMetadata } = await target.kms().send(new DescribeKeyCommand({ KeyId: 'alias/aws/s3' }))
    expect(KeyMetadata).toMatchObject({ Arn: SSEKMSKeyId, KeyManager: 'AWS' })
    const direct = target.kms().send(new EncryptCommand({ KeyId: 'alias/aws/s3', Plaintext: Buffer.from('x') }))
    expect((await refusal(direct)).message).toContain('because no resource-based policy allows the kms:Encrypt action')
  })

  sandboxOnly('it needs a second account')('passes on what KMS says', async () => {
    const refused = (SSEKMSKeyId: string) => refusal(put('sse3', 'x', { ...sealed, SSEKMSKeyId }))
    expect(await refused('fake-key-id')).toEqual({
      name: 'KMS.NotFoundException',
      message: "Invalid keyId 'fake-key-id'",
      status: 400,
    })
    expect((await refused(keyArn(target.info, 'old-backups'))).name).toBe('KMS.KMSInvalidStateException')
    expect((await refused(keyArn(target.info, 'backups', 'us-west-2'))).message).toBe('Invalid arn us-west-2')
    const foreign = await refused(keyArn(target.info, 'not-shared'))
    expect(foreign).toMatchObject({ name: 'AccessDenied', status: 403 })
    expect(foreign.message).toContain('kms:GenerateDataKey')
  })

  test("as the bucket's default", async () => {
    const Name = 'encrypted-by-default'
    await s3.send(new CreateBucketCommand({ Bucket: Name }))
    const Rules = [
      {
        ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' as const, KMSMasterKeyID: key() },
        BucketKeyEnabled: true,
      },
    ]
    await s3.send(new PutBucketEncryptionCommand({ Bucket: Name, ServerSideEncryptionConfiguration: { Rules } }))
    const made = await s3.send(new PutObjectCommand({ Bucket: Name, Key: 'a', Body: 'x' }))
    expect(made).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key(), BucketKeyEnabled: true })
  })
})

describe('versions and Object Lock', () => {
  const Name = 'locked-bucket'
  const day = 86_400_000
  beforeAll(async () => {
    await s3.send(new CreateBucketCommand({ Bucket: Name, ObjectLockEnabledForBucket: true }))
  })
  const write = (Key: string, Body: string, more: object = {}) =>
    s3.send(new PutObjectCommand({ Bucket: Name, Key, Body, ...more }))

  test('every write is kept, and a deletion is a marker', async () => {
    const first = await write('doc', 'one')
    const second = await write('doc', 'two')
    await s3.send(new DeleteObjectCommand({ Bucket: Name, Key: 'doc' }))
    expect((await refusal(s3.send(new GetObjectCommand({ Bucket: Name, Key: 'doc' })))).name).toBe('NoSuchKey')
    const old = await s3.send(new GetObjectCommand({ Bucket: Name, Key: 'doc', VersionId: first.VersionId }))
    expect(await old.Body?.transformToString()).toBe('one')
    const listed = await s3.send(new ListObjectVersionsCommand({ Bucket: Name, Prefix: 'doc' }))
    expect(listed.Versions?.map((version) => version.VersionId)).toEqual([second.VersionId, first.VersionId])
    expect(listed.DeleteMarkers).toHaveLength(1)
    const marker = listed.DeleteMarkers?.[0]?.VersionId
    await s3.send(new DeleteObjectCommand({ Bucket: Name, Key: 'doc', VersionId: marker }))
    const back = await s3.send(new GetObjectCommand({ Bucket: Name, Key: 'doc' }))
    expect(await back.Body?.transformToString()).toBe('two')
  })

  test('pages of versions add up to the whole list', async () => {
    for (let turn = 0; turn < 3; turn += 1) for (const Key of ['page/a', 'page/b']) await write(Key, String(turn))
    const seen: string[] = []
    let marker: { KeyMarker?: string; VersionIdMarker?: string } = {}
    for (;;) {
      const page = await s3.send(
        new ListObjectVersionsCommand({ Bucket: Name, Prefix: 'page/', MaxKeys: 2, ...marker }),
      )
      seen.push(...(page.Versions ?? []).map((version) => `${version.Key} ${version.VersionId}`))
      if (!page.IsTruncated) break
      marker = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
    }
    const whole = await s3.send(new ListObjectVersionsCommand({ Bucket: Name, Prefix: 'page/' }))
    expect(seen).toEqual(whole.Versions?.map((version) => `${version.Key} ${version.VersionId}`))
    expect(new Set(seen).size).toBe(6)
  })

  sandboxOnly('a version in compliance mode could not be removed for ten days')(
    'a locked version cannot be deleted or shortened; governance can be bypassed, compliance cannot',
    async () => {
      const ObjectLockRetainUntilDate = new Date(Date.now() + 10 * day)
      for (const ObjectLockMode of ['GOVERNANCE', 'COMPLIANCE'] as const) {
        const Key = `locked-${ObjectLockMode}`
        const { VersionId } = await write(Key, 'x', { ObjectLockMode, ObjectLockRetainUntilDate })
        const remove = (BypassGovernanceRetention?: boolean) => {
          return s3.send(new DeleteObjectCommand({ Bucket: Name, Key, VersionId, BypassGovernanceRetention }))
        }
        const protectedBy = {
          name: 'AccessDenied',
          message: 'Access Denied because object protected by object lock.',
          status: 403,
        }
        expect(await refusal(remove())).toEqual(protectedBy)
        const shorter = { Mode: ObjectLockMode, RetainUntilDate: new Date(Date.now() + day) }
        const shorten = s3.send(new PutObjectRetentionCommand({ Bucket: Name, Key, Retention: shorter }))
        expect(await refusal(shorten)).toEqual(protectedBy)
        if (ObjectLockMode === 'COMPLIANCE') {
          expect(await refusal(remove(true))).toEqual(protectedBy)
          await target.control('PUT', 'clock', { advanceSeconds: 11 * 86_400 })
          await remove()
          await target.control('DELETE', 'clock')
        } else {
          await remove(true)
        }
      }
    },
  )

  test('a default retention is given to every new object', async () => {
    const Rule = { DefaultRetention: { Mode: 'GOVERNANCE' as const, Days: 3 } }
    const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled' as const, Rule }
    await s3.send(new PutObjectLockConfigurationCommand({ Bucket: Name, ObjectLockConfiguration }))
    await write('by-default', 'x')
    const { Retention } = await s3.send(new GetObjectRetentionCommand({ Bucket: Name, Key: 'by-default' }))
    expect(Retention?.Mode).toBe('GOVERNANCE')
  })

  test('versioning stays on under a lock, and a lock needs it', async () => {
    const suspend = new PutBucketVersioningCommand({ Bucket: Name, VersioningConfiguration: { Status: 'Suspended' } })
    expect(await refusal(s3.send(suspend))).toEqual({
      name: 'InvalidBucketState',
      message: 'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
      status: 409,
    })
    const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled' as const }
    expect(await refusal(s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration })))).toEqual({
      name: 'InvalidBucketState',
      message: "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
      status: 409,
    })
    const ObjectLockRetainUntilDate = new Date(Date.now() + day)
    expect((await refusal(put('x', 'x', { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate }))).message).toBe(
      'Bucket is missing Object Lock Configuration',
    )
    expect((await refusal(write('x', 'x', { ObjectLockMode: 'GOVERNANCE' }))).message).toBe(
      'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied',
    )
  })

  test('suspended, the null version is replaced and the others stay', async () => {
    const Suspended = 'suspended-bucket'
    await s3.send(new CreateBucketCommand({ Bucket: Suspended }))
    const status = (Status: 'Enabled' | 'Suspended') => {
      return s3.send(new PutBucketVersioningCommand({ Bucket: Suspended, VersioningConfiguration: { Status } }))
    }
    const store = (Body: string) => s3.send(new PutObjectCommand({ Bucket: Suspended, Key: 'a', Body }))
    await store('before')
    await status('Enabled')
    const kept = await store('kept')
    await status('Suspended')
    await store('after')
    await store('after again')
    const listed = await s3.send(new ListObjectVersionsCommand({ Bucket: Suspended }))
    expect(listed.Versions?.map((version) => version.VersionId)).toEqual(['null', kept.VersionId])
  })
})
