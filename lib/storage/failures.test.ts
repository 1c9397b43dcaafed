import { expect, test } from 'vitest'
import type { Diagnosis } from '#lib/aws/diagnosis.ts'
import { type AwsFault, faultOf, isOnTheWay } from '#lib/aws/fault.ts'
import { answered, local } from '#lib/aws/fault-for-tests.ts'
import type { Changer } from '#lib/aws/schema.ts'
import { diagnoseKms } from '#lib/keys/diagnose-kms.ts'
import { diagnoseSts } from '#lib/keys/diagnose-sts.ts'
import type { KmsAction } from '#lib/keys/kms-situation.ts'
import { diagnoseS3 } from './diagnose-s3.ts'
import type { S3Action } from './s3-situation.ts'

// Every failure that the key check knows, by what AWS or the network says: each has one cause, one place where it is
// changed, and one fix, and no two of them are told alike. Texts of AWS: reference answers on record and its documents.

const key = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const foreignKey = 'arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const user = 'arn:aws:iam::111122223333:user/backup'
const role = { arn: 'arn:aws:iam::444455556666:role/vault', externalId: '5bb7e3c4-2f5e-4f0c-9b6e-0b7d9a3f1c11' }
const ids = { installation: 'installation-1', environment: 'environment-1' }

const kms =
  (action: KmsAction = 'kms:Encrypt', keyArn = key) =>
  (fault: AwsFault) =>
    diagnoseKms(fault, action, { keyArn, region: 'us-east-1', callerArn: user, ...ids })
const s3 =
  (action: S3Action = 's3:PutObject') =>
  (fault: AwsFault) =>
    diagnoseS3(fault, action, { bucket: 'my-bucket', region: 'us-east-1', folder: 'environment-1', callerArn: user })
const sts = (fault: AwsFault) => diagnoseSts(fault, role)

const said = (action: string, on: string, reason: string) =>
  `User: ${user} is not authorized to perform: ${action}${on && ` on resource: ${on}`} ${reason}`
const kmsDenied = (reason: string, action = 'kms:Encrypt') =>
  answered(400, 'AccessDeniedException', said(action, key, reason))
const s3Denied = (reason: string, action = 's3:PutObject') =>
  answered(403, 'AccessDenied', said(action, 'arn:aws:s3:::my-bucket/x', reason))
const stsDenied = (reason: string) => answered(403, 'AccessDenied', said('sts:AssumeRole', role.arn, reason))
const policy = 'arn:aws:iam::111122223333:policy/Fence'
const foreign =
  'because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access'
const implicit = (type: string, action: string) => `because no ${type} allows the ${action} action`

type Row = [name: string, error: Error, diagnose: (fault: AwsFault) => Diagnosis, title: string, who: Changer]
const rows: Row[] = [
  // The key itself.
  ['key unknown', answered(400, 'NotFoundException', `Key '${key}' does not exist`), kms(), 'No such key', 'settings'],
  [
    'no key ID',
    answered(400, 'NotFoundException', "Invalid keyId 'fake-key-id'"),
    kms('kms:Encrypt', 'fake-key-id'),
    'This is not a key ID',
    'settings',
  ],
  [
    'key elsewhere',
    answered(400, 'NotFoundException', 'Invalid arn eu-west-1'),
    kms(),
    'The key is in another Region',
    'settings',
  ],
  [
    'alias unknown',
    answered(400, 'NotFoundException', 'Alias arn:aws:kms:us-east-1:111122223333:alias/x is not found.'),
    kms('kms:Encrypt', 'alias/x'),
    'No such alias',
    'settings',
  ],
  [
    'replica missing',
    answered(400, 'NotFoundException', "Key 'arn' does not exist"),
    kms('kms:Encrypt', 'mrk-0123456789abcdef0123456789abcdef'),
    'The multi-Region key is not in this Region',
    'key',
  ],
  ['no ARN', answered(400, 'InvalidArnException', ''), kms(), 'This is not the ARN of a key', 'settings'],
  ['disabled', answered(400, 'DisabledException', `${key} is disabled.`), kms(), 'The key is disabled', 'key'],
  [
    'pending deletion',
    answered(400, 'KMSInvalidStateException', `${key} is pending deletion.`),
    kms(),
    'The key is scheduled for deletion',
    'key',
  ],
  [
    'pending import',
    answered(400, 'KMSInvalidStateException', `${key} is pending import.`),
    kms(),
    'The key has no key material',
    'key',
  ],
  [
    'store disconnected',
    answered(400, 'KMSInvalidStateException', `${key} is unavailable.`),
    kms(),
    'The key store of this key is not connected',
    'key',
  ],
  [
    'being made',
    answered(400, 'KMSInvalidStateException', `${key} is creating.`),
    kms(),
    'The key is not ready',
    'wait',
  ],
  [
    'signing key',
    answered(400, 'InvalidKeyUsageException', `${key} key usage is SIGN_VERIFY which is not valid for Encrypt.`),
    kms(),
    'The key is of the wrong kind',
    'settings',
  ],
  [
    'other key’s ciphertext',
    answered(400, 'IncorrectKeyException', 'The key ID in the request does not identify a CMK'),
    kms('kms:Decrypt'),
    'The ciphertext belongs to another key',
    'network',
  ],
  [
    'context or damage',
    answered(400, 'InvalidCiphertextException'),
    kms('kms:Decrypt'),
    'The ciphertext does not open',
    'bucket',
  ],
  [
    'Region off, KMS',
    answered(400, 'OptInRequired', 'The AWS Access Key Id needs a subscription for the service'),
    kms(),
    'The account does not use us-east-1',
    'credentials',
  ],
  // Refusals of KMS, by policy.
  [
    'KMS: no IAM policy',
    kmsDenied(implicit('identity-based policy', 'kms:Encrypt')),
    kms(),
    'Encrypt is not allowed by any IAM policy',
    'IAM policy',
  ],
  [
    'KMS: no IAM policy, Decrypt',
    kmsDenied(implicit('identity-based policy', 'kms:Decrypt'), 'kms:Decrypt'),
    kms('kms:Decrypt'),
    'Decrypt is not allowed by any IAM policy',
    'IAM policy',
  ],
  [
    'KMS: no IAM policy, DescribeKey',
    kmsDenied(implicit('identity-based policy', 'kms:DescribeKey'), 'kms:DescribeKey'),
    kms('kms:DescribeKey'),
    'DescribeKey is not allowed by any IAM policy',
    'IAM policy',
  ],
  [
    'KMS: IAM deny',
    kmsDenied('with an explicit deny in an identity-based policy'),
    kms(),
    'Encrypt was refused by an IAM policy',
    'IAM policy',
  ],
  [
    'KMS: IAM deny, named',
    kmsDenied(`with an explicit deny in an identity-based policy: ${policy}`),
    kms(),
    'Encrypt was refused by an IAM policy',
    'IAM policy',
  ],
  [
    'KMS: not in the key policy',
    kmsDenied(implicit('resource-based policy', 'kms:Encrypt')),
    kms(),
    'Encrypt was refused by the key policy',
    'key policy',
  ],
  [
    'KMS: key policy denies',
    kmsDenied('with an explicit deny in a resource-based policy'),
    kms(),
    'Encrypt was refused by the key policy',
    'key policy',
  ],
  [
    'KMS: other account',
    answered(400, 'AccessDeniedException', said('kms:Encrypt', '', foreign)),
    kms('kms:Encrypt', foreignKey),
    'Encrypt was refused: the key is of another account, or not shared',
    'key policy',
  ],
  [
    'KMS: SCP denies',
    kmsDenied('with an explicit deny in a service control policy'),
    kms(),
    'Encrypt was refused by your organization',
    'service control policy',
  ],
  [
    'KMS: SCP does not allow',
    kmsDenied(implicit('service control policy', 'kms:Encrypt')),
    kms(),
    'Encrypt was refused by your organization',
    'service control policy',
  ],
  [
    'KMS: RCP denies',
    kmsDenied('with an explicit deny in a resource control policy'),
    kms(),
    'Encrypt was refused by the organization of the resource',
    'resource control policy',
  ],
  [
    'KMS: endpoint denies',
    kmsDenied('with an explicit deny in a VPC endpoint policy'),
    kms(),
    'Encrypt was refused by the VPC endpoint',
    'VPC endpoint policy',
  ],
  [
    'KMS: endpoint does not allow',
    kmsDenied(implicit('VPC endpoint policy', 'kms:Encrypt')),
    kms(),
    'Encrypt was refused by the VPC endpoint',
    'VPC endpoint policy',
  ],
  [
    'KMS: boundary denies',
    kmsDenied('with an explicit deny in a permissions boundary'),
    kms(),
    'Encrypt was refused by a permissions boundary',
    'permissions boundary',
  ],
  [
    'KMS: boundary does not allow',
    kmsDenied(implicit('permissions boundary', 'kms:Encrypt')),
    kms(),
    'Encrypt was refused by a permissions boundary',
    'permissions boundary',
  ],
  [
    'KMS: session denies',
    kmsDenied('with an explicit deny in a sessions policy'),
    kms(),
    'Encrypt was refused by a session policy',
    'session policy',
  ],
  [
    'KMS: session does not allow',
    kmsDenied(implicit('session policy', 'kms:Encrypt')),
    kms(),
    'Encrypt was refused by a session policy',
    'session policy',
  ],
  // The bucket.
  [
    'no bucket',
    answered(404, 'NoSuchBucket', 'The specified bucket does not exist'),
    s3(),
    'There is no such bucket',
    'settings',
  ],
  [
    'bucket elsewhere',
    answered(400, 'AuthorizationHeaderMalformed', "the region 'us-east-1' is wrong; expecting 'eu-west-1'"),
    s3(),
    'The bucket is in another Region',
    'settings',
  ],
  [
    'bucket elsewhere, not told where',
    answered(301, 'PermanentRedirect', 'The bucket must be addressed using the specified endpoint.'),
    s3(),
    'The bucket is in another Region',
    'settings',
  ],
  ['no bucket name', answered(400, 'InvalidBucketName', ''), s3(), 'This is not a bucket name', 'settings'],
  ['account closed', answered(403, 'AllAccessDisabled', ''), s3(), 'The account cannot use S3', 'credentials'],
  [
    'not signed up',
    answered(403, 'NotSignedUp', 'Your account is not signed up for the Amazon S3 service.'),
    s3(),
    'The account cannot use S3',
    'credentials',
  ],
  ['archived', answered(403, 'InvalidObjectState', ''), s3('s3:GetObject'), 'The object is in an archive', 'bucket'],
  [
    'bucket being changed',
    answered(
      409,
      'OperationAborted',
      'A conflicting conditional operation is currently in progress against this resource. Please try again.',
    ),
    s3(),
    'Bucket my-bucket could not be reached',
    'wait',
  ],
  [
    'two at once',
    answered(
      409,
      'ConditionalRequestConflict',
      'The conditional request cannot succeed due to a conflicting operation against this resource.',
    ),
    s3(),
    'Bucket my-bucket could not be reached',
    'wait',
  ],
  [
    'cut off upload',
    answered(
      400,
      'IncompleteBody',
      'You did not provide the number of bytes specified by the Content-Length HTTP header',
    ),
    s3(),
    'Bucket my-bucket could not be reached',
    'network',
  ],
  [
    'bucket just made',
    answered(
      307,
      'TemporaryRedirect',
      'Please re-send this request to the specified temporary endpoint. Continue to use the original request endpoint for future requests.',
    ),
    s3(),
    'Bucket my-bucket could not be reached',
    'wait',
  ],
  [
    'no way to IPv4',
    local('Error', 'ENETUNREACH', 'connect ENETUNREACH 52.216.0.1:443 - Local (0.0.0.0:0)'),
    s3(),
    'Bucket my-bucket could not be reached',
    'network',
  ],
  [
    'metadata away',
    local('CredentialsAwayError', undefined, 'Asked in turn: instance metadata of EC2: did not answer'),
    kms(),
    'AWS KMS in us-east-1 could not be reached',
    'credentials',
  ],
  [
    'no conditional writes',
    answered(501, 'NotImplemented', 'A header you provided implies functionality that is not implemented'),
    s3(),
    'Conditional writes do not work here',
    'settings',
  ],
  ['bytes changed', answered(400, 'BadDigest', ''), s3(), 'The bytes changed on their way', 'network'],
  ['too large', answered(400, 'EntityTooLarge', ''), s3(), 'The store takes no object of this size', 'settings'],
  ['no such method', answered(405, 'MethodNotAllowed', ''), s3(), 'The store does not do this', 'settings'],
  [
    'bucket’s key disabled',
    answered(400, 'KMS.DisabledException', `${key} is disabled.`),
    s3(),
    'The bucket’s own encryption key does not work',
    'bucket',
  ],
  [
    'bucket’s key pending deletion',
    answered(400, 'KMS.KMSInvalidStateException', `${key} is pending deletion.`),
    s3(),
    'The bucket’s own encryption key does not work',
    'bucket',
  ],
  [
    'bucket’s key gone',
    answered(400, 'KMS.NotFoundException', `Key '${key}' does not exist`),
    s3(),
    'The bucket’s own encryption key does not work',
    'bucket',
  ],
  [
    'bucket’s key refused',
    answered(
      403,
      'AccessDenied',
      said('kms:GenerateDataKey', key, implicit('identity-based policy', 'kms:GenerateDataKey')),
    ),
    s3(),
    'The bucket’s own encryption key refused',
    'IAM policy',
  ],
  [
    'bucket’s key policy denies',
    answered(403, 'AccessDenied', said('kms:GenerateDataKey', key, 'with an explicit deny in a resource-based policy')),
    s3(),
    'The bucket’s own encryption key refused',
    'key policy',
  ],
  [
    'bucket’s key behind an IAM Deny',
    answered(
      403,
      'AccessDenied',
      said('kms:GenerateDataKey', key, 'with an explicit deny in an identity-based policy'),
    ),
    s3(),
    'The bucket’s own encryption key refused',
    'IAM policy',
  ],
  [
    'bucket’s key behind an SCP',
    answered(
      403,
      'AccessDenied',
      said('kms:GenerateDataKey', key, 'with an explicit deny in a service control policy'),
    ),
    s3(),
    'Use of the bucket’s own encryption key was refused by your organization',
    'service control policy',
  ],
  [
    'bucket’s key of another account',
    answered(
      403,
      'AccessDenied',
      `User: ${user} is not authorized to perform: kms:GenerateDataKey on this resource ${foreign}`,
    ),
    s3(),
    'The bucket’s own encryption key refused',
    'key policy',
  ],
  // Refusals of S3, by policy.
  [
    'S3: no IAM policy',
    s3Denied(implicit('identity-based policy', 's3:PutObject')),
    s3(),
    'Writing objects is not allowed by any IAM policy',
    'IAM policy',
  ],
  [
    'S3: no IAM policy, reading',
    s3Denied(implicit('identity-based policy', 's3:GetObject'), 's3:GetObject'),
    s3('s3:GetObject'),
    'Reading objects is not allowed by any IAM policy',
    'IAM policy',
  ],
  [
    'S3: no IAM policy, listing',
    s3Denied(implicit('identity-based policy', 's3:ListBucket'), 's3:ListBucket'),
    s3('s3:ListBucket'),
    'Listing objects is not allowed by any IAM policy',
    'IAM policy',
  ],
  [
    'S3: no IAM policy, deleting',
    s3Denied(implicit('identity-based policy', 's3:DeleteObject'), 's3:DeleteObject'),
    s3('s3:DeleteObject'),
    'Deleting objects is not allowed by any IAM policy',
    'IAM policy',
  ],
  [
    'S3: IAM deny',
    s3Denied('with an explicit deny in an identity-based policy'),
    s3(),
    'Writing objects was refused by an IAM policy',
    'IAM policy',
  ],
  [
    'S3: bucket policy denies',
    s3Denied('with an explicit deny in a resource-based policy'),
    s3(),
    'Writing objects was refused by the bucket policy',
    'bucket policy',
  ],
  [
    'S3: not in the bucket policy',
    s3Denied(implicit('resource-based policy', 's3:PutObject')),
    s3(),
    'Writing objects was refused by the bucket policy',
    'bucket policy',
  ],
  [
    'S3: other account',
    answered(403, 'AccessDenied', 'Access Denied'),
    s3(),
    'Writing objects was refused',
    'bucket policy',
  ],
  [
    'S3: SCP denies',
    s3Denied('with an explicit deny in a service control policy'),
    s3(),
    'Writing objects was refused by your organization',
    'service control policy',
  ],
  [
    'S3: RCP denies',
    s3Denied('with an explicit deny in a resource control policy'),
    s3(),
    'Writing objects was refused by the organization of the resource',
    'resource control policy',
  ],
  [
    'S3: endpoint does not allow',
    s3Denied(implicit('VPC endpoint policy', 's3:PutObject')),
    s3(),
    'Writing objects was refused by the VPC endpoint',
    'VPC endpoint policy',
  ],
  [
    'S3: boundary does not allow',
    s3Denied(implicit('permissions boundary', 's3:PutObject')),
    s3(),
    'Writing objects was refused by a permissions boundary',
    'permissions boundary',
  ],
  [
    'S3: session does not allow',
    s3Denied(implicit('session policy', 's3:PutObject')),
    s3(),
    'Writing objects was refused by a session policy',
    'session policy',
  ],
  [
    'S3: public access block',
    s3Denied('because public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access'),
    s3(),
    'Writing objects was refused by S3 Block Public Access',
    'bucket',
  ],
  [
    'S3: object lock',
    answered(403, 'AccessDenied', 'Access Denied because object protected by object lock.'),
    s3('s3:DeleteObject'),
    'Deleting objects was refused by Object Lock',
    'bucket',
  ],
  // Who is calling.
  [
    'no credentials',
    local('CredentialsProviderError', undefined, 'Could not load credentials from any providers'),
    sts,
    'No credentials were found',
    'credentials',
  ],
  [
    'access key unknown',
    answered(403, 'InvalidClientTokenId', 'The security token included in the request is invalid.'),
    sts,
    'AWS does not know these credentials',
    'credentials',
  ],
  [
    'secret wrong',
    answered(403, 'SignatureDoesNotMatch', 'The request signature we calculated does not match'),
    sts,
    'The secret access key is wrong',
    'credentials',
  ],
  [
    'session ended',
    answered(403, 'ExpiredToken', 'The security token included in the request is expired'),
    sts,
    'The credentials have expired',
    'credentials',
  ],
  [
    'session token wrong',
    answered(400, 'InvalidToken', 'The provided token is malformed or otherwise invalid.'),
    (fault) => diagnoseS3(fault, 's3:PutObject', { bucket: 'my-bucket', callerArn: undefined }),
    'The session token is wrong',
    'credentials',
  ],
  [
    'unsigned',
    answered(400, 'MissingAuthenticationTokenException', 'Missing Authentication Token'),
    kms(),
    'The request arrived unsigned',
    'network',
  ],
  [
    'web identity',
    answered(400, 'InvalidIdentityToken', 'No OpenIDConnect provider found in your account'),
    sts,
    'The web identity token was refused',
    'credentials',
  ],
  [
    'clock',
    answered(403, 'SignatureDoesNotMatch', 'Signature expired: 1 is now earlier than 2 (3 - 15 min.)'),
    sts,
    'This machine’s clock is wrong',
    'clock',
  ],
  [
    'role not allowed by IAM',
    stsDenied(implicit('identity-based policy', 'sts:AssumeRole')),
    sts,
    'Taking on the role is not allowed by IAM',
    'IAM policy',
  ],
  [
    'role denied by IAM',
    stsDenied('with an explicit deny in an identity-based policy'),
    sts,
    'Taking on the role was refused by an IAM policy',
    'IAM policy',
  ],
  [
    'role does not trust',
    stsDenied(implicit('role trust policy', 'sts:AssumeRole')),
    sts,
    'Taking on the role was refused by the role’s trust policy',
    'role trust policy',
  ],
  [
    'role’s trust policy denies',
    stsDenied('with an explicit deny in the role trust policy'),
    sts,
    'Taking on the role was refused by the role’s trust policy',
    'role trust policy',
  ],
  ['role refused, not told why', stsDenied(''), sts, 'Taking on the role was refused', 'role trust policy'],
  [
    'role behind an SCP',
    stsDenied('with an explicit deny in a service control policy'),
    sts,
    'Taking on the role was refused by your organization',
    'service control policy',
  ],
  [
    'web identity’s role does not trust',
    answered(403, 'AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity'),
    sts,
    'The role of the web identity cannot be taken on',
    'role trust policy',
  ],
  [
    'SSO session ended',
    local(
      'CredentialsProviderError',
      undefined,
      'The SSO session associated with this profile has expired. To refresh this SSO session run aws sso login with the corresponding profile.',
    ),
    sts,
    'The SSO session of the profile has ended',
    'credentials',
  ],
  [
    'web identity token old',
    answered(
      400,
      'ExpiredTokenException',
      'Token expired: current date/time 2 must be before the expiration date/time 1',
    ),
    sts,
    'The web identity token was refused',
    'credentials',
  ],
  [
    'root user',
    answered(403, 'AccessDenied', 'Roles may not be assumed by root accounts.'),
    sts,
    'The root user cannot take on a role',
    'credentials',
  ],
  [
    'endpoint of another Region',
    answered(400, 'InvalidSignatureException', 'Credential should be scoped to a valid region.'),
    kms(),
    'The endpoint is of another Region or service',
    'settings',
  ],
  [
    'external key store away',
    answered(400, 'KMSInvalidStateException', 'AWS KMS cannot communicate with the external key store proxy.'),
    kms(),
    'The external key store of the key could not be reached',
    'wait',
  ],
  [
    'external key store denies',
    answered(400, 'KMSInvalidStateException', 'The external key store proxy denied access to the operation.'),
    kms(),
    'Encrypt was refused by the external key store',
    'key',
  ],
  ['STS off', answered(403, 'RegionDisabledException', ''), sts, 'STS is off in this Region', 'credentials'],
  [
    'role malformed',
    answered(400, 'ValidationError', 'arn:x is invalid'),
    sts,
    'STS does not take the role or its session',
    'settings',
  ],
  // Nobody has refused anything.
  [
    'KMS throttled',
    answered(400, 'ThrottlingException', ''),
    kms(),
    'AWS KMS in us-east-1 could not be reached',
    'wait',
  ],
  ['KMS down', answered(500, 'KMSInternalException', ''), kms(), 'AWS KMS in us-east-1 could not be reached', 'wait'],
  ['S3 throttled', answered(503, 'SlowDown', ''), s3(), 'Bucket my-bucket could not be reached', 'wait'],
  ['S3 down', answered(503, 'ServiceUnavailable', ''), s3(), 'Bucket my-bucket could not be reached', 'wait'],
  ['STS throttled', answered(400, 'Throttling', 'Rate exceeded'), sts, 'AWS STS could not be reached', 'wait'],
  [
    'no such host',
    local('Error', 'ENOTFOUND', 'getaddrinfo ENOTFOUND kms.example.test'),
    kms(),
    'AWS KMS in us-east-1 could not be reached',
    'network',
  ],
  [
    'connection refused',
    local('Error', 'ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1'),
    kms(),
    'AWS KMS in us-east-1 could not be reached',
    'network',
  ],
  [
    'timed out',
    local('TimeoutError', 'ETIMEDOUT', 'a request has exceeded the configured requestTimeout'),
    kms(),
    'AWS KMS in us-east-1 could not be reached',
    'network',
  ],
  [
    'not trusted',
    local('Error', 'SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain'),
    kms(),
    'AWS KMS in us-east-1 could not be reached',
    'network',
  ],
  [
    'proxy asks who it is',
    local(
      'ProxyError',
      'EPROXYAUTH',
      'EPROXYAUTH http://proxy.test:3128, for kms.us-east-1.amazonaws.com:443: it answered 407 Proxy Authentication Required',
    ),
    kms(),
    'AWS KMS in us-east-1 could not be reached',
    'network',
  ],
  [
    'proxy refuses',
    local(
      'ProxyError',
      'EPROXYREFUSED',
      'EPROXYREFUSED http://proxy.test:3128, for kms.us-east-1.amazonaws.com:443: it answered 403 Forbidden',
    ),
    s3(),
    'Bucket my-bucket could not be reached',
    'network',
  ],
  [
    'proxy does not get there',
    local(
      'ProxyError',
      'EPROXYUPSTREAM',
      'EPROXYUPSTREAM http://proxy.test:3128, for kms.us-east-1.amazonaws.com:443: it answered 503 Service Unavailable',
    ),
    sts,
    'AWS STS could not be reached',
    'network',
  ],
  [
    'proxy away',
    local(
      'ProxyError',
      'EPROXYAWAY',
      'EPROXYAWAY http://proxy.test:3128, for kms.us-east-1.amazonaws.com:443: connect ECONNREFUSED 10.0.0.5:3128',
    ),
    kms(),
    'AWS KMS in us-east-1 could not be reached',
    'network',
  ],
  [
    'captive portal',
    answered(200, 'SyntaxError', 'Unexpected token <'),
    kms(),
    'AWS KMS in us-east-1 could not be reached',
    'network',
  ],
  ['cut off', answered(200, 'Error', 'aborted'), kms(), 'AWS KMS in us-east-1 could not be reached', 'network'],
]

test.each(rows)('%s', (_, error, diagnose, title, who) => {
  const fault = faultOf(error)
  const diagnosis = diagnose(fault)
  expect({ title: diagnosis.title, who: diagnosis.who }).toEqual({ title, who })
  for (const text of [diagnosis.detail, diagnosis.cause, diagnosis.fix]) {
    expect(text).toMatch(/\S/)
    expect(text).not.toMatch(/undefined|NaN|\[object/)
  }
  // An outage is no refusal, and a refusal no outage.
  expect(/refused/.test(title)).toBe(fault.kind === 'refused' && /refused/.test(title))
  expect(/could not be reached/.test(title)).toBe(isOnTheWay(fault))
})

test('there are at least sixty, and no two are told alike', () => {
  const told = rows.map(([, error, diagnose]) => {
    const { title, cause, who, fix } = diagnose(faultOf(error))
    return JSON.stringify([title, cause, who, fix])
  })
  expect(new Set(rows.map(([name]) => name)).size).toBe(rows.length)
  expect(new Set(told).size).toBe(rows.length)
  expect(rows.length).toBeGreaterThanOrEqual(60)
})

test.each([
  ['KMS', kms(), 400, 'SomethingNobodyHasSeenYet', 'A message with “quotes” and 100 % of it'],
  ['KMS', kms(), 400, 'ValidationException', "1 validation error detected: Value at 'plaintext' failed"],
  ['S3', s3(), 400, 'InvalidRequest', 'Bucket is missing Object Lock Configuration'],
  ['S3', s3(), 418, 'Teapot', 'short and stout'],
  ['STS', sts, 400, 'NotKnownHere', 'whatever'],
] as const)(
  'an answer of %s that is not known is shown whole, and nobody is sent anywhere',
  (_, diagnose, status, code, message) => {
    const diagnosis = diagnose(faultOf(answered(status, code, message)))
    expect(diagnosis.detail).toContain(`answered ${code}: ${message}`)
    expect(diagnosis.cause).toBe('This answer is not one this console knows, so it does not guess.')
    expect([diagnosis.who, diagnosis.remedies]).toEqual([undefined, undefined])
  },
)
