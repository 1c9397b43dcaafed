import { expect, test } from 'vitest'
import { judgeEncryption, judgeLifecycle, judgeObjectLock, judgePublicAccess, judgeTransport } from './judge-bucket.ts'

const folder = 'vault/environment-1'
const on = { Status: 'Enabled' } as const
const lifecycle = (rules: Parameters<typeof judgeLifecycle>[3], versioning = {}) =>
  judgeLifecycle('my-bucket', folder, versioning, rules)
const rule = { ID: 'r', Status: 'Enabled', Filter: { Prefix: '' } } as const

test.each([
  ['off', lifecycle([]), undefined, /is off/],
  ['suspended', lifecycle([], { Status: 'Suspended' }), undefined, /suspended/],
  ['on, lifecycle hidden', lifecycle(undefined, on), undefined, /was not looked at/],
  ['on, MFA delete', lifecycle(undefined, { ...on, MFADelete: 'Enabled' }), undefined, /only with MFA/],
  ['on, nothing deletes old versions', lifecycle([], on), 'warning', /nothing deletes old versions/],
  [
    'on, old versions end',
    lifecycle([{ ...rule, NoncurrentVersionExpiration: { NoncurrentDays: 30 } }], on),
    undefined,
    /deleted by a lifecycle rule/,
  ],
  [
    'on, but the rule is off',
    lifecycle([{ ...rule, Status: 'Disabled', NoncurrentVersionExpiration: { NoncurrentDays: 30 } }], on),
    'warning',
    /nothing deletes old versions/,
  ],
  ['everything ends', lifecycle([{ ...rule, Expiration: { Days: 90 } }]), 'warning', /“r” deletes .* after 90 days/],
  [
    'the console’s prefix ends',
    lifecycle([{ ...rule, Filter: { Prefix: 'vault/' }, Expiration: { Days: 1 } }]),
    'warning',
    /deletes/,
  ],
  [
    'what lies below ends',
    lifecycle([{ ...rule, Filter: { Prefix: `${folder}/backups/` }, Expiration: { Days: 1 } }]),
    'warning',
    /deletes/,
  ],
  ['others end', lifecycle([{ ...rule, Filter: { Prefix: 'logs/' }, Expiration: { Days: 1 } }]), undefined, /is off/],
  [
    'tagged ones end',
    lifecycle([{ ...rule, Filter: { Tag: { Key: 'a', Value: 'b' } }, Expiration: { Days: 1 } }]),
    undefined,
    /is off/,
  ],
  [
    'old delete markers end',
    lifecycle([{ ...rule, Expiration: { ExpiredObjectDeleteMarker: true } }]),
    undefined,
    /is off/,
  ],
  [
    'archived',
    lifecycle([{ ...rule, Transitions: [{ Days: 30, StorageClass: 'DEEP_ARCHIVE' }] }]),
    'warning',
    /archive class/,
  ],
  [
    'cheaper, but read at once',
    lifecycle([{ ...rule, Transitions: [{ Days: 30, StorageClass: 'GLACIER_IR' }] }]),
    undefined,
    /is off/,
  ],
  ['no lock', judgeObjectLock(undefined), undefined, /^Off/],
  ['lock without a default', judgeObjectLock({ ObjectLockEnabled: 'Enabled' }), undefined, /no default retention/],
  [
    'governance',
    judgeObjectLock({ ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 7 } } }),
    'warning',
    /7 days \(governance\)/,
  ],
  [
    'compliance',
    judgeObjectLock({ ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Years: 2 } } }),
    'warning',
    /2 years \(compliance\)/,
  ],
  [
    'for a day',
    judgeObjectLock({ ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 1 } } }),
    'warning',
    /for 1 day \(compliance\)/,
  ],
  ['no block', judgePublicAccess('b', undefined, false), 'warning', /not blocked/],
  ['public', judgePublicAccess('b', { BlockPublicAcls: true }, true), 'warning', /lets everybody in/],
  ['SSE-S3', judgeEncryption({ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }), undefined, /SSE-S3/],
  [
    'SSE-KMS',
    judgeEncryption({ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: 'key-1' } }),
    undefined,
    /key-1/,
  ],
])('%s', (_, { status, detail, cause, fix, who }, expected, words) => {
  expect(status).toBe(expected)
  expect(detail).toMatch(words)
  // A warning is worth a reason and a way out.
  if (status === 'warning') for (const text of [cause, fix, who]) expect(text).toMatch(/\S/)
})

const deny = { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: '*' }
test.each([
  [undefined, false],
  [{ Statement: [] }, false],
  [{ Statement: { ...deny, Condition: { Bool: { 'aws:SecureTransport': 'false' } } } }, true],
  [{ Statement: [{ ...deny, Principal: { AWS: '*' }, Condition: { Bool: { 'aws:securetransport': false } } }] }, true],
  [{ Statement: [{ ...deny, Effect: 'Allow', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }] }, false],
  [{ Statement: [{ ...deny, Condition: { Bool: { 'aws:SecureTransport': 'true' } } }] }, false],
  [
    { Statement: [{ ...deny, Principal: { AWS: 'x' }, Condition: { Bool: { 'aws:SecureTransport': 'false' } } }] },
    false,
  ],
  [
    {
      Statement: [
        { ...deny, Condition: { Bool: { 'aws:SecureTransport': 'false', 'aws:MultiFactorAuthPresent': 'false' } } },
      ],
    },
    false,
  ],
])('a bucket policy that refuses plain HTTP: %j', (policy, refuses) => {
  const { detail } = judgeTransport(policy && JSON.stringify(policy))
  expect(detail.startsWith('The bucket policy refuses plain HTTP')).toBe(refuses)
})
