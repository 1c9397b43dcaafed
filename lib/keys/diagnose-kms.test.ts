import { describe, expect, test } from 'vitest'
import type { Diagnosis } from '#lib/aws/diagnosis.ts'
import { faultOf } from '#lib/aws/fault.ts'
import { answered, local } from '#lib/aws/fault-for-tests.ts'
import { diagnoseKms } from './diagnose-kms.ts'
import type { KmsAction, KmsSituation } from './kms-situation.ts'

const key = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const user = 'arn:aws:iam::111122223333:user/backup'
const situation: KmsSituation = {
  keyArn: key,
  region: 'us-east-1',
  callerArn: user,
  installation: 'installation-1',
  environment: 'environment-1',
}
const diagnose = (error: Error, action: KmsAction = 'kms:Encrypt', changes: Partial<KmsSituation> = {}) =>
  diagnoseKms(faultOf(error), action, { ...situation, ...changes })

/** The first thing that is offered to copy. */
const jsonOf = ({ remedies }: Diagnosis) => remedies?.[0]?.formats.find(({ format }) => format === 'json')?.text ?? ''

describe('each known answer has one title', () => {
  test.each<[string, Error, string]>([
    ['unknown key', answered(400, 'NotFoundException', `Key '${key}' does not exist`), 'No such key'],
    ['not a key ID', answered(400, 'NotFoundException', "Invalid keyId 'fake-key-id'"), 'This is not a key ID'],
    ['other Region', answered(400, 'NotFoundException', 'Invalid arn eu-west-1'), 'The key is in another Region'],
    ['disabled', answered(400, 'DisabledException', `${key} is disabled.`), 'The key is disabled'],
    [
      'pending, as documented',
      answered(400, 'DisabledException', `${key} is pending deletion.`),
      'The key is scheduled for deletion',
    ],
    [
      'pending, as answered',
      answered(400, 'KMSInvalidStateException', `${key} is pending deletion.`),
      'The key is scheduled for deletion',
    ],
    [
      'primary pending',
      answered(400, 'KMSInvalidStateException', `${key} is pending replica deletion.`),
      'The key is scheduled for deletion',
    ],
    [
      'no material',
      answered(400, 'KMSInvalidStateException', `${key} is pending import.`),
      'The key has no key material',
    ],
    [
      'store is away',
      answered(400, 'KMSInvalidStateException', `${key} is unavailable.`),
      'The key store of this key is not connected',
    ],
    [
      'signing key',
      answered(400, 'InvalidKeyUsageException', `${key} key usage is SIGN_VERIFY which is not valid for Encrypt.`),
      'The key is of the wrong kind',
    ],
    [
      'algorithm',
      answered(400, 'InvalidKeyUsageException', 'Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.'),
      'The key is of the wrong kind',
    ],
    [
      'other key',
      answered(
        400,
        'IncorrectKeyException',
        'The key ID in the request does not identify a CMK that can perform this operation.',
      ),
      'The ciphertext belongs to another key',
    ],
    ['wrong context', answered(400, 'InvalidCiphertextException'), 'The ciphertext does not open'],
    [
      'unknown access key',
      answered(400, 'UnrecognizedClientException', 'The security token included in the request is invalid.'),
      'The service does not know these credentials',
    ],
    [
      'wrong secret',
      answered(400, 'InvalidSignatureException', 'The request signature we calculated does not match'),
      'The request was changed on its way',
    ],
    [
      'expired',
      answered(400, 'ExpiredTokenException', 'The security token included in the request is expired'),
      'The credentials have expired',
    ],
    [
      'clock',
      answered(400, 'InvalidSignatureException', 'Signature expired: 1 is now earlier than 2 (3 - 5 min.)'),
      'This machine’s clock is wrong',
    ],
    [
      'none',
      local('CredentialsProviderError', undefined, 'Could not load credentials from any providers'),
      'No credentials were found',
    ],
    [
      'throttled',
      answered(400, 'ThrottlingException', 'You have exceeded the rate'),
      'AWS KMS in us-east-1 throttles requests',
    ],
    ['internal', answered(500, 'KMSInternalException'), 'AWS KMS in us-east-1 could not be reached'],
    [
      'refused',
      local('Error', 'ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1'),
      'AWS KMS in us-east-1 could not be reached',
    ],
    ['html', answered(200, 'SyntaxError', 'Unexpected token <'), 'AWS KMS in us-east-1 could not be reached'],
  ])('%s', (_, error, title) => {
    const diagnosis = diagnose(error)
    expect(diagnosis.title).toBe(title)
    for (const sentence of [diagnosis.detail, diagnosis.cause, diagnosis.fix]) expect(sentence).toMatch(/\S\.?\)?$/)
  })

  test('an alias that is not there', () => {
    const error = answered(400, 'NotFoundException', 'Alias arn:aws:kms:us-east-1:111122223333:alias/x is not found.')
    for (const keyArn of ['alias/x', 'arn:aws:kms:us-east-1:111122223333:alias/x'])
      expect(diagnose(error, 'kms:DescribeKey', { keyArn })).toMatchObject({
        title: 'No such alias',
        detail: expect.stringContaining(keyArn),
      })
  })

  test('both Regions are said, and the one that fits is offered', () => {
    const { detail, fix } = diagnose(answered(400, 'NotFoundException', 'Invalid arn eu-west-1'))
    expect(detail).toMatch(/eu-west-1.*us-east-1/)
    expect(fix).toContain('Choose the Region eu-west-1')
  })

  test.each([
    [
      local('Error', 'ENOTFOUND', 'getaddrinfo ENOTFOUND kms.example.test'),
      /host name could not be resolved \(getaddrinfo/,
    ],
    [local('Error', 'ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1'), /^Nothing listens at that address/],
    [local('TimeoutError', 'ECONNRESET', 'socket hang up'), /cut or timed out/],
    [local('TimeoutError', undefined, 'did not establish a connection'), /cut or timed out/],
    [
      local('Error', 'CERT_HAS_EXPIRED', 'certificate has expired'),
      /certificate of what answers there is not valid now \(certificate has expired\)/,
    ],
    [local('Error', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate'), /TLS connection is not trusted/],
    [
      local('Error', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate'),
      /is not trusted \(unable/,
    ],
    [local('Error', 'ERR_TLS_CERT_ALTNAME_INVALID', 'Hostname/IP does not match'), /one for another name \(Hostname/],
    [local('Error', 'EPROTO', 'write EPROTO 40AD:error:0A00010B:SSL routines::wrong version number'), /not speak TLS/],
    [local('Error', 'EPROTO', 'sslv3 alert handshake failure'), /^No TLS connection came about \(sslv3 alert/],
    [
      Object.assign(
        new AggregateError([new Error('connect ECONNREFUSED 127.0.0.1:1'), new Error('connect ECONNREFUSED ::1:1')]),
        {
          code: 'ECONNREFUSED',
        },
      ),
      /^Nothing listens at that address \(connect ECONNREFUSED 127.0.0.1:1; connect ECONNREFUSED ::1:1\)/,
    ],
    [local('Error', 'EHOSTUNREACH', 'connect EHOSTUNREACH'), /^This machine has no way .*\(connect EHOSTUNREACH\)/],
    [local('Error', 'EMFILE', 'too many open files'), /^EMFILE: too many open files$/],
    [answered(200, 'SyntaxError', 'Unexpected token <'), /not AWS/],
    [answered(200, 'Error', 'aborted'), /could not be read.*\(aborted\)/],
    [answered(503, 'ServiceUnavailable'), /fault of its own \(ServiceUnavailable, HTTP 503\)/],
    [answered(400, 'ThrottlingException'), /^A quota of requests is used up/],
  ])('what cannot be reached says why: %s', (error, cause) => {
    const diagnosis = diagnose(error)
    expect(diagnosis.cause).toMatch(cause)
    expect(diagnosis.detail).toContain('Nothing is known to be wrong with the key or the bucket.')
  })
})

describe('a key store outside of AWS: one code for all that fails in it', () => {
  const said = (message: string) => answered(400, 'KMSInvalidStateException', message)
  const rejected = 'The external key store proxy rejected the request because'

  test.each([
    [`${rejected} it could not authenticate AWS KMS. Verify the credentials`, /credential/],
    [`${rejected} it could not find the external key.`, /brings the external key back/],
    [`${rejected} the external key is not enabled in the external key manager.`, /enables the external key/],
    [`${rejected} of an invalid URI path.`, /URI path/],
    [`${rejected} the external key does not support the requested operation.`, /in their log/],
    ['The external key store proxy denied access to the operation. Verify that the user', /lets these credentials/],
  ])('refused: %s', (message, fix) => {
    expect(diagnose(said(message))).toMatchObject({
      title: 'Encrypt was refused by the external key store',
      cause: message,
      who: 'key',
      fix: expect.stringMatching(fix),
    })
  })

  test('too late, or not there: nothing is known to be wrong', () => {
    const message =
      'The external key store proxy did not respond to the request in the time allotted. Retry the request.'
    expect(diagnose(said(message))).toMatchObject({
      title: 'The external key store of the key could not be reached',
      cause: message,
      who: 'wait',
    })
  })

  test.each([
    `${rejected} the specified ciphertext or additional authenticated data is corrupted, missing, or otherwise invalid.`,
    'The ciphertext that the external key store proxy submitted for decryption, or the encryption context, is corrupted, missing, or otherwise invalid.',
  ])('another context: %s', (message) => {
    expect(diagnose(said(message), 'kms:Decrypt').title).toBe('The ciphertext does not open')
  })
})

describe('what is not known is shown whole, and not guessed', () => {
  test.each([
    [400, 'LimitExceededException', 'The request was rejected because a quota was exceeded.'],
    [400, 'KMSInvalidStateException', ''],
    [400, 'ValidationException', "1 validation error detected: Value at 'plaintext' failed"],
    [400, 'InvalidGrantTokenException', ''],
    [400, 'SomethingNobodyHasSeenYet', 'A message with “quotes” and 100 % of it'],
    [418, 'Unknown', ''],
  ])('%i %s', (status, code, message) => {
    for (const [action, name] of [
      ['kms:DescribeKey', 'DescribeKey'],
      ['kms:Encrypt', 'Encrypt'],
      ['kms:Decrypt', 'Decrypt'],
    ] as const) {
      const { title, detail, cause, who, remedies } = diagnose(
        answered(status, code, message || 'UnknownError'),
        action,
      )
      expect(title).toBe(`${name} failed`)
      expect(detail).toContain(message ? `AWS answered ${code}: ${message}` : `AWS answered ${code}, with no message`)
      expect(cause).toBe('This answer is not one this console knows, so it does not guess.')
      expect([who, remedies]).toEqual([undefined, undefined])
    }
  })
})

describe('an alias is no name of a key to a command or a policy', () => {
  test('a key that is disabled is enabled by its own ARN', () => {
    const { remedies } = diagnose(answered(400, 'DisabledException', `${key} is disabled.`), 'kms:Encrypt', {
      keyArn: 'alias/backups',
    })
    expect(remedies?.[0]?.formats[0]?.text).toBe(`aws kms enable-key --region us-east-1 --key-id ${key}\n`)
  })

  const refused = answered(
    400,
    'AccessDeniedException',
    `User: ${user} is not authorized to perform: kms:Encrypt on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`,
  )
  test.each([
    ['arn:aws:kms:us-east-1:444455556666:alias/shared', 'arn:aws:kms:us-east-1:444455556666:key/KEY-ID'],
    ['alias/backups', 'arn:aws:kms:us-east-1:111122223333:key/KEY-ID'],
    ['1234abcd-12ab-34cd-56ef-1234567890ab', key],
  ])('policies for %s name %s', (keyArn, resource) => {
    const { remedies = [] } = diagnose(refused, 'kms:Encrypt', { keyArn })
    const [keyPolicy, iamPolicy] = remedies
    expect(keyPolicy?.formats.find(({ format }) => format === 'cli')?.text).toContain(`--key-id ${resource} `)
    const iam = JSON.parse(iamPolicy?.formats.find(({ format }) => format === 'json')?.text ?? '')
    expect(iam.Statement.map(({ Resource }: { Resource: string }) => Resource)).toEqual([resource, resource])
    for (const { note } of remedies) expect(note.includes('in place of KEY-ID')).toBe(resource.endsWith('KEY-ID'))
  })
})

test('nobody has said who is calling: the Region tells the partition', () => {
  const { remedies } = diagnose(answered(400, 'AccessDeniedException', ''), 'kms:Encrypt', {
    keyArn: 'alias/backups',
    region: 'us-gov-west-1',
    callerArn: undefined,
  })
  expect(JSON.stringify(remedies)).toContain('arn:aws-us-gov:kms:us-gov-west-1:ACCOUNT:key/KEY-ID')
})

describe('credentials that are not good in a Region', () => {
  const unknown = answered(400, 'UnrecognizedClientException', 'The security token included in the request is invalid.')

  test('where a Region may be off, AWS says the same of credentials that it knows', () => {
    expect(diagnose(unknown, 'kms:Encrypt', { region: 'ap-east-1' })).toMatchObject({
      title: 'AWS does not know these credentials in ap-east-1',
      fix: expect.stringContaining('Turn on ap-east-1 in Account > AWS Regions'),
    })
    const either = diagnose(unknown, 'kms:Encrypt', { region: 'ap-east-1', callerArn: undefined })
    expect(either.title).toBe('AWS does not know these credentials')
    expect(either.cause).toContain('Or ap-east-1 is not turned on in their account')
    const here = diagnose(unknown, 'kms:Encrypt', { callerArn: undefined })
    expect(here.title).toBe('AWS does not know these credentials')
    expect(here.cause).not.toMatch(/turned on|partition/)
    const china = diagnose(unknown, 'kms:Encrypt', { region: 'cn-north-1', callerArn: undefined })
    expect(china.cause).toContain('cn-north-1 is in aws-cn')
  })

  test('credentials that STS knows are not said to be wrong', () => {
    expect(diagnose(unknown).detail).toContain('although AWS STS knows them')
    const changed = answered(400, 'InvalidSignatureException', 'The request signature we calculated does not match')
    expect(diagnose(changed)).toMatchObject({ title: 'The request was changed on its way', who: 'network' })
    expect(diagnose(changed, 'kms:Encrypt', { callerArn: undefined }).title).toBe('The secret access key is wrong')
  })

  test.each([
    ['InvalidSignatureException', 'Credential should be scoped to a valid region.'],
    ['InvalidSignatureException', "Credential should be scoped to correct service: 'kms'."],
    ['SignatureDoesNotMatch', "Credential should be scoped to a valid region, not 'us-east-2'."],
  ])('%s: %s is no word on the secret', (code, message) => {
    expect(diagnose(answered(403, code, message))).toMatchObject({
      title: 'The endpoint is of another Region or service',
      cause: message,
      who: 'settings',
    })
  })
})

test('a role that cannot be taken on is not the key’s matter, though the call to KMS fails with it', () => {
  const role = 'arn:aws:iam::111122223333:role/vault'
  const error = answered(
    403,
    'AccessDenied',
    `User: ${user} is not authorized to perform: sts:AssumeRole on resource: ${role}`,
  )
  const { title, cause, fix, remedies } = diagnose(error)
  expect(title).toBe('Taking on the role was refused')
  expect(`${cause} ${fix}`).not.toMatch(/kms:|external ID/)
  expect(remedies?.map(({ label }) => label)).toEqual(['IAM policy'])
  expect(JSON.stringify(remedies)).not.toContain('kms')
})

describe('access denied', () => {
  const said = (reason: string, principal = user) =>
    answered(
      400,
      'AccessDeniedException',
      `User: ${principal} is not authorized to perform: kms:Encrypt on resource: ${key} ${reason}`,
    )

  test.each([
    ['with an explicit deny in a service control policy', 'Encrypt was refused by your organization', undefined],
    [
      'because no service control policy allows the kms:Encrypt action',
      'Encrypt was refused by your organization',
      undefined,
    ],
    [
      'with an explicit deny in a resource control policy',
      'Encrypt was refused by the organization of the resource',
      undefined,
    ],
    [
      'because no VPC endpoint policy allows the kms:Encrypt action',
      'Encrypt was refused by the VPC endpoint',
      undefined,
    ],
    [
      'because no permissions boundary allows the kms:Encrypt action',
      'Encrypt was refused by a permissions boundary',
      undefined,
    ],
    ['with an explicit deny in a sessions policy', 'Encrypt was refused by a session policy', undefined],
    ['with an explicit deny in the role trust policy', 'Encrypt was refused by the role’s trust policy', undefined],
    ['with an explicit deny in a resource-based policy', 'Encrypt was refused by the key policy', undefined],
    [
      'because no resource-based policy allows the kms:Encrypt action',
      'Encrypt was refused by the key policy',
      'Key policy',
    ],
    ['with an explicit deny in an identity-based policy', 'Encrypt was refused by an IAM policy', undefined],
    [
      'because no identity-based policy allows the kms:Encrypt action',
      'Encrypt is not allowed by any IAM policy',
      'IAM policy',
    ],
    [
      'because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access',
      'Encrypt was refused: the key is of another account, or not shared',
      'Key policy',
    ],
    ['', 'Encrypt was refused', 'Key policy'],
  ])('%s', (reason, title, label) => {
    const diagnosis = diagnose(said(reason))
    expect(diagnosis.title).toBe(title)
    expect(diagnosis.remedies?.[0]?.label).toBe(label)
    expect(`${diagnosis.cause} ${diagnosis.fix}`).not.toContain('undefined')
  })

  test('the caller is whom STS names, else whom the refusal names, and a session stands for its role', () => {
    const reason = 'because no resource-based policy allows the kms:Encrypt action'
    const session = 'arn:aws:sts::111122223333:assumed-role/backup/i-0123'
    const named = (diagnosis: Diagnosis) => JSON.parse(jsonOf(diagnosis))[0].Principal.AWS
    expect(named(diagnose(said(reason, session), 'kms:Encrypt', { callerArn: undefined }))).toBe(
      'arn:aws:iam::111122223333:role/backup',
    )
    expect(named(diagnose(said(reason, session)))).toBe(user)
    const nobody = diagnose(answered(400, 'AccessDeniedException', ''), 'kms:Encrypt', { callerArn: undefined })
    expect(named(nobody)).toBe('ARN-OF-YOUR-USER-OR-ROLE')
    expect(nobody.cause).toContain('AccessDeniedException')
  })

  // Within an account one policy is enough, across accounts none is (AWS KMS developer guide, "Allowing users in other
  // accounts to use a KMS key"); KMS names the one that it missed first.
  test.each([
    ['identity-based', ['IAM policy', 'Key policy']],
    ['resource-based', ['Key policy', 'IAM policy']],
  ])('for a key of another account, no %s policy: both sides are told', (type, labels) => {
    const foreign = 'arn:aws-cn:kms:cn-north-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab'
    const caller = 'arn:aws-cn:sts::111122223333:assumed-role/automation/deployment'
    const message = `User: ${caller} is not authorized to perform: kms:Encrypt on resource: ${foreign} because no ${type} policy allows the kms:Encrypt action`
    const { cause, fix, remedies } = diagnose(answered(400, 'AccessDeniedException', message), 'kms:Encrypt', {
      keyArn: foreign,
      region: 'cn-north-1',
      callerArn: caller,
    })
    expect(`${cause} ${fix}`).toMatch(/444455556666/)
    expect(fix).toMatch(/both (sides )?must allow it/)
    expect(fix).not.toContain('do the same')
    expect(remedies?.map(({ label }) => label)).toEqual(labels)
    expect(remedies?.map(({ note }) => /^In account (\d+)/.exec(note)?.[1]).toSorted()).toEqual([
      '111122223333',
      '444455556666',
    ])
    expect(JSON.stringify(remedies)).not.toContain('arn:aws:')
  })

  test('a Deny in the key policy: what its condition may ask for is said', () => {
    const { fix } = diagnose(said('with an explicit deny in a resource-based policy'))
    expect(fix).toContain('installation=installation-1 and environment=environment-1')
    expect(fix).toContain('kms:ViaService')
  })

  test('a Deny of which KMS does not say where it stands is not offered an Allow', () => {
    const { title, cause, fix, remedies } = diagnose(said('with an explicit deny'))
    expect(title).toBe('Encrypt was refused by a Deny')
    expect(cause).toContain('with an explicit deny')
    expect(fix).toContain('An Allow cannot overrule it.')
    expect(remedies).toBeUndefined()
  })

  test('where AWS keeps its decision, how to see it is offered last', () => {
    const more =
      '. Go to https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1#/authorization-details/5arhuwacg4o for complete details, or call the GetRequestAuthorizationDetails API with the following authorization id: 5arhuwacg4o'
    const { title, remedies } = diagnose(said(`because no identity-based policy allows the kms:Encrypt action${more}`))
    expect(title).toBe('Encrypt is not allowed by any IAM policy')
    expect(remedies?.[0]?.label).toBe('IAM policy')
    expect(remedies?.at(-1)?.formats[0]?.text).toBe(
      'aws iam-toolbox get-request-authorization-details --region us-east-1 --authorization-id 5arhuwacg4o\n',
    )
  })

  test('somebody of IAM Identity Center: the principal has its path, and the policy goes to the permission set', () => {
    const session = 'arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Backup_1234567890abcdef/x@example.test'
    const { remedies = [] } = diagnose(
      said('because no identity-based policy allows the kms:Encrypt action', session),
      'kms:Encrypt',
      { callerArn: session },
    )
    const [iam, keyPolicy] = remedies
    expect(iam?.note).toContain('permission set Backup')
    expect(JSON.stringify(keyPolicy?.formats[0])).toContain('role/aws-reserved/sso.amazonaws.com/')
    expect(keyPolicy?.note).toContain('aws iam get-role')
  })

  test('the policies that are offered allow these three actions, and two of them only in the context', () => {
    const condition = {
      StringEquals: {
        'kms:EncryptionContext:installation': 'installation-1',
        'kms:EncryptionContext:environment': 'environment-1',
      },
    }
    const iam = diagnose(said('because no identity-based policy allows the kms:Encrypt action'), 'kms:Encrypt', {
      keyArn: 'alias/backups',
    })
    expect(JSON.parse(jsonOf(iam))).toEqual({
      Version: '2012-10-17',
      Statement: [
        { Sid: expect.any(String), Effect: 'Allow', Action: 'kms:DescribeKey', Resource: key },
        {
          Sid: expect.any(String),
          Effect: 'Allow',
          Action: ['kms:Encrypt', 'kms:Decrypt'],
          Resource: key,
          Condition: condition,
        },
      ],
    })
    const keyPolicy = diagnose(said('because no resource-based policy allows the kms:Encrypt action'))
    expect(JSON.parse(jsonOf(keyPolicy))).toEqual([
      { Sid: expect.any(String), Effect: 'Allow', Principal: { AWS: user }, Action: 'kms:DescribeKey', Resource: '*' },
      {
        Sid: expect.any(String),
        Effect: 'Allow',
        Principal: { AWS: user },
        Action: ['kms:Encrypt', 'kms:Decrypt'],
        Resource: '*',
        Condition: condition,
      },
    ])
  })
})
