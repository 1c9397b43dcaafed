import { describe, expect, test } from 'vitest'
import { aboutPrincipal, type DeniedBy, policyPrincipal, principalElement, readDenial } from './denial.ts'

const user = 'arn:aws:iam::111122223333:user/backup'
const key = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const said = (reason: string, resource = ` on resource: ${key}`) =>
  `User: ${user} is not authorized to perform: kms:Decrypt${resource}${reason && ` ${reason}`}`
const policy = 'arn:aws:organizations::111122223333:policy/o-abc/service_control_policy/p-abc'

const reasons: [string, DeniedBy, boolean][] = [
  [
    'with an explicit deny in a VPC endpoint policy transitively through a service control policy',
    'service control policy',
    true,
  ],
  ['with an explicit deny in a service control policy', 'service control policy', true],
  [`with an explicit deny in a service control policy: ${policy}`, 'service control policy', true],
  ['because no service control policy allows the kms:Decrypt action', 'service control policy', false],
  ['with an explicit deny in a resource control policy', 'resource control policy', true],
  [`with an explicit deny in a resource control policy: ${policy}`, 'resource control policy', true],
  ['with an explicit deny in a VPC endpoint policy', 'VPC endpoint policy', true],
  ['because no VPC endpoint policy allows the kms:Decrypt action', 'VPC endpoint policy', false],
  ['with an explicit deny in a permissions boundary', 'permissions boundary', true],
  [`with an explicit deny in a permissions boundary: ${policy}`, 'permissions boundary', true],
  ['because no permissions boundary allows the kms:Decrypt action', 'permissions boundary', false],
  ['with an explicit deny in a session policy', 'session policy', true],
  ['with an explicit deny in a sessions policy', 'session policy', true],
  ['because no session policy allows the kms:Decrypt action', 'session policy', false],
  ['with an explicit deny in the role trust policy', 'role trust policy', true],
  ['because no role trust policy allows the sts:AssumeRole action', 'role trust policy', false],
  ['with an explicit deny in a resource-based policy', 'resource-based policy', true],
  ['because no resource-based policy allows the kms:Decrypt action', 'resource-based policy', false],
  ['with an explicit deny in an identity-based policy', 'identity-based policy', true],
  [`with an explicit deny in an identity-based policy: ${policy}`, 'identity-based policy', true],
  ['because no identity-based policy allows the kms:Decrypt action', 'identity-based policy', false],
  [
    'because public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access',
    'public access block',
    false,
  ],
  ['', 'not told', false],
  ['for a reason nobody has seen yet', 'not told', false],
]

describe('which policy said no', () => {
  test.each(reasons)('%s', (reason, by, explicit) => {
    const policyArn = reason.endsWith(policy) ? policy : undefined
    const denial = { by, explicit, principal: user, action: 'kms:Decrypt', resource: key, policyArn }
    expect(readDenial(said(reason))).toEqual(denial)
    // As it looks after a line was broken on its way, and in other letters.
    expect(readDenial(said(reason).replaceAll(' ', '\n  '))).toEqual(denial)
    expect(readDenial(said(reason.toUpperCase()))).toMatchObject({ by })
    expect(readDenial(said(reason, ''))).toMatchObject({ by, resource: undefined })
  })

  test('a key of another account, or none: AWS does not say which', () => {
    const foreign =
      'because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access'
    for (const place of [' on this resource', ' on the resource associated with this ciphertext'])
      expect(readDenial(said(foreign, place))).toEqual({
        by: 'unknown in this account',
        explicit: false,
        principal: user,
        action: 'kms:Decrypt',
        resource: undefined,
      })
    const older =
      'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access'
    expect(readDenial(older)).toMatchObject({ by: 'unknown in this account', principal: undefined, action: undefined })
  })

  // IAM user guide, "Troubleshoot access denied error messages with authorization ID".
  test('where AWS names the decision, policy and resource end before it', () => {
    const more =
      '. Go to https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1#/authorization-details/5arhuwacg4o48yxyin4kcrony for complete details, or call the GetRequestAuthorizationDetails API with the following authorization id: 5arhuwacg4o48yxyin4kcrony'
    const told = {
      principal: user,
      resource: key,
      authorization: { id: '5arhuwacg4o48yxyin4kcrony', region: 'us-east-1' },
    }
    expect(readDenial(said(`with an explicit deny in an identity-based policy: ${policy}${more}`))).toMatchObject({
      ...told,
      by: 'identity-based policy',
      policyArn: policy,
    })
    const bare = readDenial(said('').trimEnd() + more)
    expect(bare).toMatchObject({ ...told, by: 'not told', policyArn: undefined })
  })

  test('the resource without more to it', () => {
    expect(
      readDenial(said('').replace(/ on resource.*/, ' on the resource associated with this ciphertext')),
    ).toMatchObject({
      by: 'not told',
      resource: undefined,
    })
    expect(readDenial('Access Denied')).toEqual({ by: 'not told', explicit: false })
    expect(readDenial('')).toEqual({ by: 'not told', explicit: false })
  })
})

test.each([
  [user, user],
  ['arn:aws:sts::111122223333:assumed-role/backup/i-0123456789', 'arn:aws:iam::111122223333:role/backup'],
  ['arn:aws-cn:sts::111122223333:assumed-role/backup/session@example.test', 'arn:aws-cn:iam::111122223333:role/backup'],
  ['arn:aws:iam::111122223333:root', 'arn:aws:iam::111122223333:root'],
  ['arn:aws:iam::111122223333:role/path/backup', 'arn:aws:iam::111122223333:role/path/backup'],
  ['arn:aws:sts::111122223333:federated-user/name', 'arn:aws:sts::111122223333:federated-user/name'],
])('a policy names %s as %s', (caller, principal) => {
  expect(policyPrincipal(caller)).toBe(principal)
})

describe('roles of IAM Identity Center', () => {
  const session = 'arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Backup_1234567890abcdef/somebody@example.test'
  const role = 'arn:aws:iam::111122223333:role/AWSReservedSSO_Backup_1234567890abcdef'

  test('a policy names them with their path, which has a Region that nobody here knows', () => {
    expect(policyPrincipal(session)).toBe(role)
    expect(principalElement(role)).toBe(
      'arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/REGION-OF-IDENTITY-CENTER/AWSReservedSSO_Backup_1234567890abcdef',
    )
    expect(aboutPrincipal(session)).toContain('in place of REGION-OF-IDENTITY-CENTER')
    expect(aboutPrincipal(session)).toContain('--role-name AWSReservedSSO_Backup_1234567890abcdef --query Role.Arn')
  })

  test('others are named as they are', () => {
    for (const one of [user, 'arn:aws:iam::111122223333:role/path/backup', 'arn:aws:iam::111122223333:root'])
      expect(principalElement(one)).toBe(one)
    expect(aboutPrincipal(user)).toBe('')
    expect(aboutPrincipal('arn:aws:sts::111122223333:assumed-role/backup/i-0123')).toMatch(
      /^ If the role has a path, write it into the ARN: aws iam get-role --role-name backup /,
    )
  })
})
