import { describe, expect, test } from 'vitest'
import { faultOf } from '#lib/aws/fault.ts'
import { answered, local } from '#lib/aws/fault-for-tests.ts'
import { diagnoseSts } from './diagnose-sts.ts'

const user = 'arn:aws:iam::111122223333:user/backup'
const role = { arn: 'arn:aws:iam::444455556666:role/vault', externalId: '5bb7e3c4-2f5e-4f0c-9b6e-0b7d9a3f1c11' }
const diagnose = (error: Error, region?: string) => diagnoseSts(faultOf(error), role, region)
const denied = (reason: string, principal = user) =>
  answered(403, 'AccessDenied', `User: ${principal} is not authorized to perform: sts:AssumeRole${reason}`)

test('STS that is off: a switch of its own where every account has the Region, the Region itself elsewhere', () => {
  const off = answered(
    403,
    'RegionDisabledException',
    'STS is not activated in this region for account:111122223333. Your account administrator can activate STS in this region using the IAM Console.',
  )
  const here = diagnose(off, 'us-west-2')
  expect(here.fix).toMatch(
    /^Activate us-west-2 in IAM > Account settings > Security Token Service.*account 111122223333\.$/,
  )
  expect(here.fix).not.toContain('AWS Regions')
  expect(diagnose(off, 'ap-east-1').fix).toMatch(
    /^Turn ap-east-1 on in Account > AWS Regions.*or choose a Region that is on\.$/,
  )
  expect(diagnose(off).fix).toMatch(/AWS Regions.*Account settings/)
})

test('the words of the documentation, which name no role, lead to the trust policy', () => {
  const { title, remedies } = diagnose(denied(' because no role trust policy allows the sts:AssumeRole action'))
  expect(title).toBe('Taking on the role was refused by the role’s trust policy')
  expect(JSON.stringify(remedies?.[0]?.formats)).toContain(role.externalId)
})

test('for a role of another account the trust policy is offered beside the IAM policy that STS missed', () => {
  const missing = 'because no identity-based policy allows the sts:AssumeRole action'
  const labels = (arn: string) =>
    diagnose(denied(` on resource: ${arn} ${missing}`)).remedies?.map(({ label }) => label)
  expect(labels(role.arn)).toEqual(['IAM policy', 'Trust policy'])
  expect(labels('arn:aws:iam::111122223333:role/vault')).toEqual(['IAM policy'])
})

test('a Deny without a place is no missing trust: no policy is offered for it', () => {
  const { title, fix, remedies } = diagnose(denied(` on resource: ${role.arn} with an explicit deny`))
  expect(title).toBe('Taking on the role was refused by a Deny')
  expect(fix).toContain('asks for MFA')
  expect(remedies).toBeUndefined()
})

test('a trust policy for a role says what to mind about its path', () => {
  const session = 'arn:aws:sts::111122223333:assumed-role/worker/i-0123'
  const { remedies } = diagnose(denied(` on resource: ${role.arn}`, session))
  expect(remedies?.[0]?.note).toContain('If the role has a path')
})

test.each([
  ['The requested DurationSeconds exceeds the MaxSessionDuration set for this role.', /shorter sessions/],
  [
    'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    /shorter sessions/,
  ],
  [
    "1 validation error detected: Value 'a b' at 'externalId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@:\\/-]*",
    /external ID/,
  ],
  ['arn:x is invalid', /role ARN/],
])('ValidationError: %s', (message, fix) => {
  expect(diagnose(answered(400, 'ValidationError', message))).toMatchObject({
    cause: message,
    fix: expect.stringMatching(fix),
  })
})

test.each([
  ['No OpenIDConnect provider found in your account for https://oidc.example.test/id/1', /Add provider/],
  ['Incorrect token audience', /audience/],
  [
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
    /openid-configuration/,
  ],
])('InvalidIdentityToken: %s', (message, fix) => {
  expect(diagnose(answered(400, 'InvalidIdentityToken', message))).toMatchObject({
    title: 'The web identity token was refused',
    cause: message,
    fix: expect.stringMatching(fix),
  })
})

describe('a profile that a person signs in for', () => {
  const said = (message: string) => diagnose(local('CredentialsProviderError', undefined, message))

  test.each([
    [
      "Token is expired. To refresh this SSO session run 'aws sso login' with the corresponding profile.",
      'The SSO session of the profile has ended',
      /^Run aws sso login with/,
    ],
    [
      'UnauthorizedException: Session token not found or invalid',
      'The SSO session of the profile has ended',
      /^Run aws sso login with/,
    ],
    [
      'Failed to load a token for session arn:aws:iam::111122223333:user/x, please re-authenticate using aws login',
      'The sign-in of the profile has ended',
      /^Run aws login with/,
    ],
    ['ForbiddenException: No access', 'The profile has lost its role', /assigns the permission set again/],
  ])('%s', (message, title, fix) => {
    expect(said(message)).toMatchObject({ title, who: 'credentials', fix: expect.stringMatching(fix) })
  })

  test('that cannot reach the service that gives its credentials waits, as for every outage', () => {
    const error = local('CredentialsProviderError', undefined, 'Error: getaddrinfo ENOTFOUND portal.sso.example.test')
    expect(faultOf(error)).toMatchObject({ kind: 'unreachable', code: 'ENOTFOUND' })
    expect(diagnose(error).cause).toContain('portal.sso.example.test')
    const nowhere = local(
      'CredentialsProviderError',
      undefined,
      'Asked in turn: profile “default”: none · instance metadata of EC2: connect ECONNREFUSED 169.254.169.254:80',
    )
    expect(faultOf(nowhere)).toMatchObject({ kind: 'invalid', code: 'CredentialsProviderError' })
  })
})
