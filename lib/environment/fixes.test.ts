import {
  CancelKeyDeletionCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  GetKeyPolicyCommand,
  type KMSClient,
  PutKeyPolicyCommand,
} from '@aws-sdk/client-kms'
import { CreateBucketCommand, PutBucketPolicyCommand, PutPublicAccessBlockCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { AwsAccess } from '#lib/aws/clients.ts'
import { optionOf, shellWords } from '#lib/aws/fixes/test-read-back.ts'
import type { RemedyFormat } from '#lib/aws/schema.ts'
import { type Check, type CheckId, type CheckReport, checkName, plannedChecks } from '#lib/keys/schema.ts'
import { type Credentials, keyArn, openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { checkEnvironment } from './check-environment.ts'

// Every fix that a failed check offers is carried out on the sandbox: then the check passes; and with one permission
// less it fails again. What IAM itself would be told (its policies) is put there through the sandbox’s controls.

const installation = '5bb7e3c4-2f5e-4f0c-9b6e-0b7d9a3f1c11'
const environment = 'c9d4a1f2-7f41-4f7d-8a55-3a1f5b8e2d22'
let sandbox: TestSandbox
beforeAll(async () => {
  sandbox = await openTestSandbox()
})
afterAll(() => sandbox.close())

interface Run {
  keys?: string[]
  bucket?: string
  credentials?: AwsAccess['credentials']
}
function run({ keys = [], bucket, credentials = plain(sandbox.administrator) }: Run): Promise<CheckReport> {
  return checkEnvironment({
    access: { region: 'us-east-1', credentials, endpoint: sandbox.sandbox.endpoint },
    installation,
    environment,
    keys,
    bucket: bucket === undefined ? undefined : { name: bucket, prefix: 'vault' },
  })
}
const plain = ({ accessKeyId, secretAccessKey }: Credentials) => ({ accessKeyId, secretAccessKey })

function check(report: CheckReport, id: CheckId): Check {
  const found = report.checks.find((one) => one.id === id)
  if (!found) throw new Error(`No check ${id}`)
  return found
}
const failed = (report: CheckReport) => report.checks.filter(({ status }) => status === 'failed').map(({ id }) => id)

function fix(report: CheckReport, id: CheckId, label: string, format: RemedyFormat): string {
  const { remedies = [] } = check(report, id)
  const text = remedies.find((one) => one.label.endsWith(label))?.formats.find((one) => one.format === format)?.text
  if (text === undefined) throw new Error(`No ${label} for ${id}, but ${remedies.map((one) => one.label)}`)
  return text
}

const statement = z.looseObject({ Sid: z.string(), Action: z.union([z.string(), z.array(z.string())]) })
type Statement = z.infer<typeof statement>
const documentSchema = z.object({ Version: z.string(), Statement: z.array(statement) })
const documentOf = (text: string) => documentSchema.parse(JSON.parse(text))
const policy = (statements: object[]) => ({ Version: '2012-10-17', Statement: statements })
const nothing = policy([{ Effect: 'Allow', Action: 'sts:TagSession', Resource: '*' }])

/** Each action of the statements, and the statements without it. */
function oneLess(statements: readonly Statement[]): { action: string; rest: Statement[] }[] {
  const actions = statements.flatMap(({ Action }) => Action)
  return actions.map((action) => ({
    action,
    rest: statements
      .map((one) => ({ ...one, Action: [one.Action].flat().filter((name) => name !== action) }))
      .filter(({ Action }) => Action.length > 0),
  }))
}

/** What the script does with get-key-policy, jq and put-key-policy. */
async function runKeyPolicyScript(script: string, kms: KMSClient, add?: readonly Statement[]): Promise<void> {
  const words = shellWords(script)
  const KeyId = optionOf(words, '--key-id')
  expect(await kms.config.region()).toBe(optionOf(words, '--region'))
  const statements = z.array(statement).parse(JSON.parse(words[words.indexOf('add') + 1] ?? ''))
  const { Policy = '' } = await kms.send(new GetKeyPolicyCommand({ KeyId }))
  const before = z
    .object({ Statement: z.array(z.looseObject({ Sid: z.string().optional() })) })
    .parse(JSON.parse(Policy))
  const kept = before.Statement.filter(({ Sid }) => statements.every((one) => one.Sid !== Sid))
  await kms.send(new PutKeyPolicyCommand({ KeyId, Policy: JSON.stringify(policy([...kept, ...(add ?? statements)])) }))
}

test('a disabled key, one that is being deleted, and one that does not rotate: the commands', async () => {
  const kms = sandbox.kms()
  for (const alias of ['retired', 'old-backups']) {
    const keys = [keyArn(sandbox.info, alias)]
    const before = await run({ keys })
    expect(failed(before)).toEqual(['key.usable', 'key.encrypt'])
    const commands = fix(before, 'key.usable', 'AWS CLI', 'cli').split('&&\n')
    expect(fix(before, 'key.encrypt', 'AWS CLI', 'cli')).toBe(fix(before, 'key.usable', 'AWS CLI', 'cli'))
    for (const [index, line] of commands.entries()) {
      expect(failed(await run({ keys })).length).toBeGreaterThan(0)
      const words = shellWords(line)
      const KeyId = optionOf(words, '--key-id')
      expect(words.slice(0, 2)).toEqual(['aws', 'kms'])
      if (words[2] === 'enable-key') await kms.send(new EnableKeyCommand({ KeyId }))
      else if (words[2] === 'cancel-key-deletion') await kms.send(new CancelKeyDeletionCommand({ KeyId }))
      else throw new Error(`${index}: ${line}`)
    }
    const after = await run({ keys })
    expect(failed(after)).toEqual([])

    expect(check(after, 'key.rotation').status).toBe('warning')
    const rotate = shellWords(fix(after, 'key.rotation', 'AWS CLI', 'cli'))
    expect(rotate[2]).toBe('enable-key-rotation')
    await kms.send(new EnableKeyRotationCommand({ KeyId: optionOf(rotate, '--key-id') }))
    expect(check(await run({ keys }), 'key.rotation').status).toBe('passed')
  }
})

describe('a key', () => {
  test('whose policy leaves it to IAM: the IAM policy, or the statements in the key policy', async () => {
    const keys = [keyArn(sandbox.info, 'backups')]
    const credentials = plain(await sandbox.user('worker', nothing))
    const before = await run({ keys, credentials })
    expect(failed(before)).toEqual(['key.describe', 'key.encrypt', 'key.decrypt'])

    const iam = documentOf(fix(before, 'key.encrypt', 'IAM policy', 'json'))
    expect(failed(await run({ keys, credentials: plain(await sandbox.user('worker', iam)) }))).toEqual([])
    for (const { action, rest } of oneLess(iam.Statement)) {
      const less = plain(await sandbox.user('worker', policy(rest)))
      expect({ action, failed: failed(await run({ keys, credentials: less })).length }).not.toEqual({
        action,
        failed: 0,
      })
    }

    const again = plain(await sandbox.user('worker', nothing))
    await runKeyPolicyScript(fix(before, 'key.encrypt', 'key policy', 'cli'), sandbox.kms())
    expect(failed(await run({ keys, credentials: again }))).toEqual([])
  })

  test('whose policy does not name the caller: the statements, and each permission in them', async () => {
    const keys = [keyArn(sandbox.info, 'archive')]
    const kms = sandbox.kms()
    const admin = { Sid: 'Admin', Effect: 'Allow', Principal: { AWS: sandbox.administrator.arn }, Action: 'kms:*' }
    const Policy = JSON.stringify(policy([{ ...admin, Resource: '*' }]))
    await kms.send(new PutKeyPolicyCommand({ KeyId: keys[0], Policy }))
    const credentials = plain(await sandbox.user('outsider', nothing))
    const before = await run({ keys, credentials })
    expect(check(before, 'key.encrypt').who).toBe('key policy')
    const script = fix(before, 'key.encrypt', 'Key policy', 'cli')
    await runKeyPolicyScript(script, kms)
    // Once more does no harm: statements of the same name are replaced.
    await runKeyPolicyScript(script, kms)
    expect(failed(await run({ keys, credentials }))).toEqual([])
    const statements = z.array(statement).parse(JSON.parse(fix(before, 'key.encrypt', 'Key policy', 'json')))
    for (const { action, rest } of oneLess(statements)) {
      await runKeyPolicyScript(script, kms, rest)
      const less = await run({ keys, credentials })
      expect({ action, failed: failed(less).length }).not.toEqual({ action, failed: 0 })
    }
    // In another environment's context the same statements allow nothing but to look at the key.
    await runKeyPolicyScript(script, kms)
    const other = await checkEnvironment({
      access: { region: 'us-east-1', credentials, endpoint: sandbox.sandbox.endpoint },
      installation,
      environment: 'another',
      keys,
      bucket: undefined,
    })
    expect(failed(other)).toEqual(['key.encrypt', 'key.decrypt'])
  })

  test('of another account: both sides, and neither alone', async () => {
    const keys = [keyArn(sandbox.info, 'not-shared')]
    const owner = sandbox.kms('us-east-1', sandbox.stranger)
    const credentials = plain(await sandbox.user('abroad', nothing))
    const before = await run({ keys, credentials })
    expect(check(before, 'key.encrypt').remedies?.map(({ label }) => label)).toEqual(['Key policy', 'IAM policy'])
    const iam = documentOf(fix(before, 'key.encrypt', 'IAM policy', 'json'))
    expect(failed(await run({ keys, credentials: plain(await sandbox.user('abroad', iam)) }))).not.toEqual([])
    const again = plain(await sandbox.user('abroad', nothing))
    await runKeyPolicyScript(fix(before, 'key.encrypt', 'Key policy', 'cli'), owner)
    expect(failed(await run({ keys, credentials: again }))).not.toEqual([])
    expect(failed(await run({ keys, credentials: plain(await sandbox.user('abroad', iam)) }))).toEqual([])
    for (const { action, rest } of oneLess(iam.Statement)) {
      const less = plain(await sandbox.user('abroad', policy(rest)))
      expect({ action, failed: failed(await run({ keys, credentials: less })).length }).not.toEqual({
        action,
        failed: 0,
      })
    }
  })
})

describe('a bucket', () => {
  test('of the caller’s account: the IAM policy, below this environment only', async () => {
    const bucket = 'vault-hosted-us-east-1'
    const credentials = plain(await sandbox.user('writer', nothing))
    const before = await run({ bucket, credentials })
    expect(failed(before)).toEqual(['bucket.write'])
    const iam = documentOf(fix(before, 'bucket.write', 'IAM policy', 'json'))
    expect(iam.Statement[0]).toMatchObject({ Resource: `arn:aws:s3:::${bucket}/vault/${environment}/*` })
    expect(failed(await run({ bucket, credentials: plain(await sandbox.user('writer', iam)) }))).toEqual([])
    for (const { action, rest } of oneLess(iam.Statement)) {
      const less = plain(await sandbox.user('writer', policy(rest)))
      expect({ action, failed: failed(await run({ bucket, credentials: less })).length }).not.toEqual({
        action,
        failed: 0,
      })
    }
  })

  test('of another account: both sides, and neither alone', async () => {
    const bucket = 'of-somebody-else'
    const owner = sandbox.s3('us-east-1', sandbox.stranger)
    await owner.send(new CreateBucketCommand({ Bucket: bucket }))
    const credentials = plain(await sandbox.user('guest', nothing))
    const before = await run({ bucket, credentials })
    expect(check(before, 'bucket.write')).toMatchObject({ status: 'failed', who: 'bucket policy' })
    const iam = documentOf(fix(before, 'bucket.write', 'IAM policy', 'json'))
    const statements = z.array(statement).parse(JSON.parse(fix(before, 'bucket.write', 'Bucket policy', 'json')))
    const guest = plain(await sandbox.user('guest', iam))
    expect(failed(await run({ bucket, credentials: guest }))).toEqual(['bucket.write'])
    const put = (list: object[]) =>
      owner.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: JSON.stringify(policy(list)) }))
    await put(statements)
    const after = await run({ bucket, credentials: guest })
    expect(failed(after)).toEqual([])
    expect(check(after, 'bucket.owner')).toMatchObject({ status: 'warning', who: 'settings' })
    for (const { action, rest } of oneLess(statements)) {
      await put(rest)
      expect({ action, failed: failed(await run({ bucket, credentials: guest })).length }).not.toEqual({
        action,
        failed: 0,
      })
    }
  })

  test('that is missing, or open to the public: the commands', async () => {
    const bucket = 'to-be-made'
    const before = await run({ bucket })
    const words = shellWords(fix(before, 'bucket.found', 'AWS CLI', 'cli'))
    expect(words.slice(0, 3)).toEqual(['aws', 's3api', 'create-bucket'])
    await sandbox.s3().send(new CreateBucketCommand({ Bucket: optionOf(words, '--bucket') }))
    expect(failed(await run({ bucket }))).toEqual([])

    const s3 = sandbox.s3()
    const PublicAccessBlockConfiguration = { BlockPublicAcls: true }
    await s3.send(new PutPublicAccessBlockCommand({ Bucket: bucket, PublicAccessBlockConfiguration }))
    const open = await run({ bucket })
    expect(check(open, 'bucket.publicAccess')).toMatchObject({
      status: 'warning',
      detail: expect.stringContaining('not IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets'),
    })
    const shut = shellWords(fix(open, 'bucket.publicAccess', 'AWS CLI', 'cli'))
    const settings = optionOf(shut, '--public-access-block-configuration').split(',')
    const all = Object.fromEntries(settings.map((one) => [one.split('=')[0], one.endsWith('=true')]))
    await s3.send(new PutPublicAccessBlockCommand({ Bucket: bucket, PublicAccessBlockConfiguration: all }))
    expect(check(await run({ bucket }), 'bucket.publicAccess').status).toBe('passed')
  })
})

test('a role: its trust policy, with the external ID of this environment and no other', async () => {
  const keys = [keyArn(sandbox.info, 'backups')]
  const { id: account, arn } = sandbox.administrator
  const allowed = { Effect: 'Allow', Action: ['kms:*', 's3:*'], Resource: '*' }
  const putRole = (trustPolicy: object) =>
    sandbox.control('PUT', `roles/${account}/vault`, { trustPolicy, policy: policy([allowed]) })
  await putRole(
    policy([{ Effect: 'Deny', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'sts:TagSession' }]),
  )
  const externalId = 'f0a3b7c2-0b7d-4f0c-8a55-5bb7e3c49b6e'
  const roleArn = `arn:aws:iam::${account}:role/vault`
  const credentials = (id = externalId) => ({
    roleArn,
    externalId: id,
    sessionName: 'vault-console',
    base: plain(sandbox.administrator),
  })
  const before = await run({ keys, credentials: credentials() })
  expect(failed(before)).toEqual(['credentials'])
  expect(check(before, 'credentials.externalId')).toMatchObject({
    status: 'skipped',
    detail: 'Needs working credentials.',
  })
  expect(check(before, 'credentials')).toMatchObject({ who: 'role trust policy', kind: 'refused' })
  const trust = JSON.parse(fix(before, 'credentials', 'Trust policy', 'json'))
  expect(trust.Statement[0]).toMatchObject({
    Principal: { AWS: arn },
    Condition: { StringEquals: { 'sts:ExternalId': externalId } },
  })
  await putRole(trust)
  const after = await run({ keys, credentials: credentials() })
  expect(failed(after)).toEqual([])
  expect(check(after, 'credentials').detail).toContain(`assumed-role/vault/`)
  expect(after.checks.map(checkName)).toEqual(plannedChecks(1, false, true).map(checkName))
  expect(check(after, 'credentials.externalId').status).toBe('passed')
  // Without its condition the trust policy works as well, and the check offers the one with it again.
  const { Condition: _, ...open } = trust.Statement[0]
  await putRole({ ...trust, Statement: [open] })
  const taking = await run({ keys, credentials: credentials() })
  expect(failed(taking)).toEqual([])
  expect(check(taking, 'credentials.externalId').status).toBe('warning')
  expect(JSON.parse(fix(taking, 'credentials.externalId', 'Trust policy', 'json'))).toEqual(trust)
  await putRole(trust)
  expect(failed(await run({ keys, credentials: credentials('another-id') }))).toEqual(['credentials'])
})
