import { expect, test } from 'vitest'
import type { Remedy, RemedyFormat } from '../schema.ts'
import { bucketPolicyRemedy } from './bucket-policy.ts'
import { hcl } from './hcl.ts'
import { iamPolicyRemedy } from './iam-policy.ts'
import { keyPolicyRemedy } from './key-policy.ts'
import { policyOf, type Statement } from './policy.ts'
import { word } from './shell.ts'
import { jsonencoded, optionOf, shellWords } from './test-read-back.ts'
import { trustPolicyOf, trustPolicyRemedy } from './trust-policy.ts'

// Whatever format somebody copies, it is the same policy: read back as the tool that it is pasted into reads it.

// What a template begins with in Terraform, and a variable in a shell.
const open = '$'.concat('{')
const key = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const statements: Statement[] = [
  { Sid: 'VaultConsoleDescribe12345678', Effect: 'Allow', Principal: { AWS: 'arn:x' }, Action: 'kms:DescribeKey' },
  {
    Sid: 'VaultConsoleBackups12345678',
    Effect: 'Allow',
    Principal: { AWS: 'arn:x' },
    Action: ['kms:Encrypt', 'kms:Decrypt'],
    Resource: '*',
    Condition: {
      StringEquals: { 'kms:EncryptionContext:installation': `it's ${open}not} a %{template} “here” \\ $HOME \`x\`` },
    },
  },
]
const document = policyOf(...statements)
const text = ({ formats }: Remedy, format: RemedyFormat) => formats.find((one) => one.format === format)?.text ?? ''
const words = (remedy: Remedy) => shellWords(text(remedy, 'cli'))

test('statements for a key policy', () => {
  const remedy = keyPolicyRemedy(key, 'us-east-1', statements)
  expect(JSON.parse(text(remedy, 'json'))).toEqual(statements)
  expect(jsonencoded(text(remedy, 'terraform'))).toEqual(document)
  expect(JSON.parse(text(remedy, 'cloudformation'))).toEqual({ KeyPolicy: document })
  const script = words(remedy)
  expect(JSON.parse(script[script.indexOf('add') + 1] ?? '')).toEqual(statements)
  expect([script.filter((one) => one === key).length, script.filter((one) => one === '&&').length]).toEqual([2, 2])
})

test('statements for a bucket policy', () => {
  const remedy = bucketPolicyRemedy('my-bucket', statements)
  expect(JSON.parse(text(remedy, 'json'))).toEqual(statements)
  expect(jsonencoded(text(remedy, 'terraform'))).toEqual(document)
  const { Resources } = JSON.parse(text(remedy, 'cloudformation'))
  expect(Object.values(Resources)).toEqual([
    { Type: 'AWS::S3::BucketPolicy', Properties: { Bucket: 'my-bucket', PolicyDocument: document } },
  ])
  const script = words(remedy)
  expect(JSON.parse(script[script.indexOf('add') + 1] ?? '')).toEqual(statements)
})

test.each([
  ['arn:aws:iam::111122223333:role/path/to/Backup', 'put-role-policy', 'aws_iam_role_policy', 'AWS::IAM::RolePolicy'],
  ['arn:aws-cn:iam::111122223333:user/backup', 'put-user-policy', 'aws_iam_user_policy', 'AWS::IAM::UserPolicy'],
  ['arn:aws:iam::111122223333:root', 'create-policy', 'aws_iam_policy', 'AWS::IAM::ManagedPolicy'],
  [undefined, 'create-policy', 'aws_iam_policy', 'AWS::IAM::ManagedPolicy'],
])('an IAM policy of %s', (principal, verb, resource, type) => {
  const remedy = iamPolicyRemedy(principal, 'VaultConsoleKey567890ab', document)
  expect(JSON.parse(text(remedy, 'json'))).toEqual(document)
  expect(jsonencoded(text(remedy, 'terraform'))).toEqual(document)
  expect(text(remedy, 'terraform')).toContain(`resource "${resource}" "`)
  const { Type, Properties } = JSON.parse(text(remedy, 'cloudformation')).Resources.VaultConsoleKey567890ab
  expect(Type).toBe(type)
  expect(Properties.PolicyDocument).toEqual(document)
  const script = words(remedy)
  expect(script.slice(0, 3)).toEqual(['aws', 'iam', verb])
  expect(JSON.parse(optionOf(script, '--policy-document'))).toEqual(document)
  const owner = principal?.split('/').at(-1)
  if (verb !== 'create-policy') {
    expect([optionOf(script, `--${verb.split('-')[1]}-name`), Properties.RoleName ?? Properties.UserName]).toEqual([
      owner,
      owner,
    ])
  }
})

test('a trust policy asks for the external ID', () => {
  const remedy = trustPolicyRemedy('arn:aws:iam::444455556666:role/vault', 'arn:aws:iam::111122223333:user/x', 'id-1')
  const trust = trustPolicyOf('arn:aws:iam::111122223333:user/x', 'id-1')
  expect(trust.Statement[0]?.Condition).toEqual({ StringEquals: { 'sts:ExternalId': 'id-1' } })
  expect(JSON.parse(text(remedy, 'json'))).toEqual(trust)
  expect(jsonencoded(text(remedy, 'terraform'))).toEqual(trust)
  expect(JSON.parse(text(remedy, 'cloudformation'))).toEqual({ AssumeRolePolicyDocument: trust })
  const script = words(remedy)
  expect(optionOf(script, '--role-name')).toBe('vault')
  expect(JSON.parse(optionOf(script, '--policy-document'))).toEqual(trust)
})

test.each(["it's", '$(reboot)', '`reboot`', 'a b', '"', '\\', '*', '~', '', 'a\nb', `${open}x}`, ';', '&&', '!x'])(
  'a shell reads %j as one word, and nothing into it',
  (raw) => {
    expect(shellWords(`echo ${word(raw)}`)).toEqual(raw === '' ? ['echo', ''] : ['echo', raw])
  },
)

test('a value in Terraform’s language keeps its kind', () => {
  const value = { a: [], b: [1, 'x', [true]], 'c:d': { e: `${open}x} %{z}` }, f: {} }
  expect(jsonencoded(`jsonencode(${hcl(value)})`)).toEqual(value)
})

test('a role of a permission set is given its policy by IAM Identity Center, and principals have its path', () => {
  const role = 'arn:aws:iam::111122223333:role/AWSReservedSSO_Back_up_1234567890abcdef'
  const remedy = iamPolicyRemedy(role, 'VaultConsoleKey', document)
  expect(remedy.note).toContain('the permission set Back_up,')
  expect(JSON.parse(text(remedy, 'json'))).toEqual(document)
  const script = words(remedy)
  expect(script).toContain('put-inline-policy-to-permission-set')
  expect(script.join(' ')).not.toMatch(/put-role-policy|create-policy/)
  expect(JSON.parse(optionOf(script, '--inline-policy'))).toEqual(document)
  const trust = JSON.stringify(trustPolicyOf(role, 'id-1'))
  expect(trust).toContain('role/aws-reserved/sso.amazonaws.com/REGION-OF-IDENTITY-CENTER/AWSReservedSSO_Back_up_')
})
