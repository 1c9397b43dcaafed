import { expect, test } from 'vitest'
import type { Diagnosis } from '#lib/aws/diagnosis.ts'
import { faultOf } from '#lib/aws/fault.ts'
import { answered, local } from '#lib/aws/fault-for-tests.ts'
import { diagnoseS3 } from './diagnose-s3.ts'
import type { S3Action } from './s3-situation.ts'

const user = 'arn:aws:iam::111122223333:user/backup'
const diagnose = (error: Error, action: S3Action = 's3:PutObject', callerArn?: string) =>
  diagnoseS3(faultOf(error), action, { bucket: 'my-bucket', callerArn })
const jsonOf = ({ remedies }: Diagnosis) => remedies?.[0]?.formats.find(({ format }) => format === 'json')?.text ?? ''
const denied = (reason: string) =>
  answered(
    403,
    'AccessDenied',
    `User: ${user} is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::my-bucket/x" ${reason}`,
  )

test.each<[string, Error, string]>([
  ['no bucket', answered(404, 'NoSuchBucket', 'The specified bucket does not exist'), 'There is no such bucket'],
  ['no bucket, HEAD', answered(404, 'NotFound'), 'There is no such bucket'],
  [
    'redirect',
    answered(301, 'PermanentRedirect', 'The bucket you are attempting to access must be addressed'),
    'The bucket is in another Region',
  ],
  [
    'signed for another Region',
    answered(400, 'AuthorizationHeaderMalformed', "the region 'us-east-1' is wrong; expecting 'eu-west-1'"),
    'The bucket is in another Region',
  ],
  ['location', answered(400, 'IllegalLocationConstraintException'), 'The bucket is in another Region'],
  ['name', answered(400, 'InvalidBucketName', 'The specified bucket is not valid.'), 'This is not a bucket name'],
  [
    'conditions',
    answered(501, 'NotImplemented', 'A header you provided implies functionality'),
    'Conditional writes do not work here',
  ],
  [
    'conditions refused',
    answered(412, 'PreconditionFailed', 'At least one of the pre-conditions'),
    'Conditional writes do not work here',
  ],
  [
    'unknown access key',
    answered(403, 'InvalidAccessKeyId', 'does not exist in our records.'),
    'AWS does not know these credentials',
  ],
  ['bad token', answered(400, 'InvalidToken'), 'The session token is wrong'],
  ['wrong secret', answered(403, 'SignatureDoesNotMatch', 'The request signature'), 'The secret access key is wrong'],
  ['expired', answered(400, 'ExpiredToken', 'The provided token has expired.'), 'The credentials have expired'],
  ['clock', answered(403, 'RequestTimeTooSkewed', 'The difference'), 'This machine’s clock is wrong'],
  ['slow down', answered(503, 'SlowDown', 'Please reduce your request rate.'), 'Bucket my-bucket throttles requests'],
  ['internal', answered(500, 'InternalError'), 'Bucket my-bucket could not be reached'],
  [
    'full',
    answered(507, 'XMinioStorageFull', 'Storage backend has reached its minimum free drive'),
    'The store is full',
  ],
  ['quota', answered(403, 'QuotaExceeded'), 'The store is full'],
  ['network', local('TimeoutError', 'ECONNRESET', 'socket hang up'), 'Bucket my-bucket could not be reached'],
  [
    'denied',
    denied('because no identity-based policy allows the s3:PutObject action'),
    'Writing objects is not allowed by any IAM policy',
  ],
  ['denied, told nothing', answered(403, 'AccessDenied', 'Access Denied'), 'Writing objects was refused'],
])('%s', (_, error, title) => {
  const diagnosis = diagnose(error)
  expect(diagnosis.title).toBe(title)
  expect(`${diagnosis.detail} ${diagnosis.cause} ${diagnosis.fix}`).not.toContain('undefined')
})

test('the Region that fits is offered when S3 told it', () => {
  const malformed = answered(
    400,
    'AuthorizationHeaderMalformed',
    "the region 'us-east-1' is wrong; expecting 'eu-west-1'",
  )
  expect(diagnose(malformed)).toMatchObject({
    detail: 'The bucket my-bucket is in eu-west-1.',
    fix: expect.stringContaining('eu-west-1'),
  })
  expect(diagnose(answered(301, 'PermanentRedirect')).detail).toBe('The bucket my-bucket is not in the Region chosen.')
})

test.each([
  [
    'The af-south-1 location constraint is incompatible for the region specific endpoint this request was sent to.',
    'af-south-1',
  ],
  [
    'The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.',
    'us-east-1',
  ],
])('a bucket of a Region that may be off: %s', (message, region) => {
  const { detail } = diagnose(answered(400, 'IllegalLocationConstraintException', message))
  expect(detail).toBe(`The bucket my-bucket is in ${region}.`)
})

test('a cap that is used up is no refusal by a policy, and passes', () => {
  const error = answered(
    403,
    'AccessDenied',
    'Transaction cap exceeded, see the Caps & Alerts page to increase your cap.',
  )
  expect(faultOf(error).kind).toBe('unreachable')
  expect(diagnose(error)).toMatchObject({ title: 'A cap of the store’s account is reached', who: 'bucket' })
})

test('throttling of MinIO is no fault of AWS', () => {
  const error = answered(503, 'SlowDownWrite', 'Resource requested is unwritable, please reduce your request rate')
  expect(diagnose(error).detail).toContain('S3 answered that requests come too fast.')
})

test('what else is wrong with the Authorization header is not the bucket’s Region', () => {
  const message =
    'The authorization header is malformed; a non-empty Access Key (AKID) must be provided in the credential.'
  const { detail, cause } = diagnose(answered(400, 'AuthorizationHeaderMalformed', message))
  expect(detail).toContain(message)
  expect(cause).toContain('does not guess')
})

test('denied without a reason: S3 gives none to principals of other accounts', () => {
  expect(diagnose(answered(403, 'AccessDenied', 'Access Denied'), 's3:GetObject', user)).toMatchObject({
    title: 'Reading objects was refused',
    cause: expect.stringContaining('is of another one than account 111122223333'),
    fix: expect.stringContaining('Requester Pays'),
    remedies: [{ label: 'Bucket policy' }, { label: 'IAM policy' }],
  })
})

test.each([
  [400, 'InvalidRequest', 'Bucket is missing Object Lock Configuration'],
  [409, 'SomethingNew', ''],
  [403, 'Unknown', ''],
])('what is not known is shown whole: %i %s', (status, code, message) => {
  const { title, detail, cause } = diagnose(answered(status, code, message || 'UnknownError'), 's3:ListBucket')
  expect(title).toBe('Listing an object failed')
  expect(detail).toBe(message ? `S3 answered ${code}: ${message}` : `S3 answered ${code}, with no message`)
  expect(cause).toContain('does not guess')
})

test('in China and GovCloud the policy names their partition', () => {
  const callers = ['arn:aws-cn:iam::111122223333:user/backup', 'arn:aws-us-gov:sts::111122223333:assumed-role/a/b']
  const partitions = callers.map((caller) => {
    const text = jsonOf(diagnose(denied(''), 's3:PutObject', caller))
    return JSON.parse(text).Statement[1].Resource
  })
  expect(partitions).toEqual(['arn:aws-cn:s3:::my-bucket', 'arn:aws-us-gov:s3:::my-bucket'])
})

test('nobody has said who is calling: the Region tells the partition', () => {
  const error = answered(403, 'AccessDenied', 'Access Denied')
  const { remedies } = diagnoseS3(faultOf(error), 's3:PutObject', {
    bucket: 'my-bucket',
    region: 'cn-north-1',
    callerArn: undefined,
  })
  expect(JSON.stringify(remedies)).toContain('arn:aws-cn:s3:::my-bucket')
  expect(JSON.stringify(remedies)).not.toContain('arn:aws:')
})

test('the policy that is offered allows four actions in this bucket', () => {
  const text = jsonOf(diagnose(denied('')))
  const statements: { Action: string | string[]; Resource: string }[] = JSON.parse(text).Statement
  expect(statements.map(({ Action, Resource }) => ({ Action, Resource }))).toEqual([
    { Action: ['s3:PutObject', 's3:GetObject', 's3:DeleteObject'], Resource: 'arn:aws:s3:::my-bucket/*' },
    { Action: 's3:ListBucket', Resource: 'arn:aws:s3:::my-bucket' },
  ])
})

test('a bucket that asks for an encryption header is told how to do without it', () => {
  const deny = 'with an explicit deny in a resource-based policy'
  expect(diagnose(denied(deny)).fix).toContain('s3:x-amz-server-side-encryption')
  const reading = answered(403, 'AccessDenied', denied(deny).message.replace('s3:PutObject', 's3:GetObject'))
  expect(diagnose(reading, 's3:GetObject').fix).not.toContain('header')
})

test('what S3 names is what was missing: reading what is not there needs s3:ListBucket', () => {
  const missing = answered(
    403,
    'AccessDenied',
    `User: ${user} is not authorized to perform: s3:ListBucket on resource: "arn:aws:s3:::my-bucket" because no identity-based policy allows the s3:ListBucket action`,
  )
  expect(diagnose(missing, 's3:GetObject')).toMatchObject({
    title: 'Listing objects is not allowed by any IAM policy',
    cause: expect.stringContaining('allows s3:ListBucket in this bucket'),
  })
})

test('a Deny of which S3 does not say where it stands is not offered an Allow', () => {
  expect(diagnose(denied('with an explicit deny'), 's3:PutObject', user)).toMatchObject({
    title: 'Writing objects was refused by a Deny',
    fix: expect.stringContaining('An Allow cannot overrule it.'),
  })
  expect(diagnose(denied('with an explicit deny')).remedies).toBeUndefined()
})

test('what KMS says of a key that S3 may not use for somebody is of the bucket’s key', () => {
  const older =
    'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.'
  for (const message of [
    older,
    `User: ${user} is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext because no identity-based policy allows the kms:Decrypt action`,
  ])
    expect(diagnose(answered(403, 'AccessDenied', message), 's3:GetObject', user)).toMatchObject({
      title: 'The bucket’s own encryption key refused',
      fix: expect.stringContaining('kms:GenerateDataKey and kms:Decrypt'),
    })
})

test.each([
  ['KMS.NotFoundException', 'Invalid arn eu-west-1', /^That key is in eu-west-1/],
  ['KMS.NotFoundException', 'Invalid keyId aws/s3', /without alias\//],
  [
    'KMS.KMSInvalidStateException',
    'arn:aws:kms:us-east-1:111122223333:key/x is pending deletion.',
    /scheduled for del/,
  ],
  ['KMS.KMSInvalidStateException', 'arn:aws:kms:us-east-1:111122223333:key/x is pending import.', /no key material/],
])('the bucket’s own key, %s: %s', (code, message, cause) => {
  expect(diagnose(answered(400, code, message)).cause).toMatch(cause)
})

test('a bucket policy that asks where requests come from is named', () => {
  const deny = denied('with an explicit deny in a resource-based policy')
  expect(diagnose(deny).fix).toContain('aws:SourceVpce')
})

test('the alias of an access point is no bucket to a policy', () => {
  const fault = faultOf(denied(''))
  const alias = 'backups-abcdefghijklmnopqrstuvwxyz1234-s3alias'
  const { remedies } = diagnoseS3(fault, 's3:PutObject', { bucket: alias, callerArn: user })
  expect(remedies?.[0]?.note).toContain('arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME/object/')
  expect(diagnose(denied('')).remedies?.[0]?.note).not.toContain('accesspoint')
})

test.each([
  local('Error', 'ENOTFOUND', 'getaddrinfo ENOTFOUND my-bucket.s3.us-east-1.amazonaws.com'),
  local('TimeoutError', 'ETIMEDOUT', 'connect ETIMEDOUT 52.216.0.1:443'),
])('where only a proxy may lead out, it is said how one is named: %s', (error) => {
  expect(diagnose(error).fix).toContain('set HTTPS_PROXY')
})

test.each<[string, S3Action, string]>([
  [
    'Mfa Authentication must be used for this request',
    's3:DeleteObjectVersion',
    'Deleting versions of objects was refused without MFA',
  ],
  [
    'There were headers present in the request which were not signed',
    's3:PutObject',
    'The request was changed on its way',
  ],
  ['Anonymous users cannot invoke this API. Please authenticate.', 's3:PutObject', 'The request arrived unsigned'],
])('AccessDenied that no policy mends: %s', (message, action, title) => {
  const diagnosis = diagnose(answered(403, 'AccessDenied', message), action, user)
  expect(diagnosis.title).toBe(title)
  expect(diagnosis.remedies).toBeUndefined()
})
