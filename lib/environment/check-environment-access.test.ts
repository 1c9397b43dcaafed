import { PutKeyPolicyCommand } from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { type CheckId, type CheckReport, plannedChecks } from '#lib/keys/schema.ts'
import { keyArn } from '#lib/sandbox/open-test-sandbox.ts'
import {
  check,
  environment,
  environmentCheck,
  noBucket,
  noDescribe,
  noEncrypt,
  noLooks,
  noWrite,
  trouble,
} from './environment-check-for-tests.ts'

const here = environmentCheck()
const { good, probesLeft, run } = here

describe('credentials', () => {
  // Where the bucket is, and the time, AWS tells nearly anybody.
  const told: CheckId[] = ['bucket.found', 'clock']
  const only = Object.fromEntries(
    plannedChecks(1, true)
      .filter(({ id }) => !told.includes(id))
      .map(({ id }) => [id, id === 'credentials' ? 'failed refused' : 'skipped']),
  )

  test('a wrong secret, an unknown access key and a false session token are told once', async () => {
    const { accessKeyId, secretAccessKey } = here.sandbox.administrator
    for (const [credentials, title] of [
      [{ accessKeyId, secretAccessKey: 'x'.repeat(40) }, 'The secret access key is wrong'],
      [{ accessKeyId: 'AKIA0000000000000000', secretAccessKey }, 'AWS does not know these credentials'],
      [{ accessKeyId, secretAccessKey, sessionToken: 'false' }, 'AWS does not know these credentials'],
    ] as const) {
      const report = await run(good(), { credentials })
      const { 'bucket.found': _, ...rest } = trouble(report)
      expect(rest).toEqual(only)
      expect(check(report, 'credentials').title).toBe(title)
      expect(report.keyArn).toBeNull()
      expect(JSON.stringify(report)).not.toContain(credentials.secretAccessKey)
    }
  })

  test('a caller’s ARN and account are shown', async () => {
    const { arn, id } = here.sandbox.administrator
    expect(check(await run(good()), 'credentials').detail).toBe(`${arn} in account ${id}.`)
  })
})

describe('the bucket', () => {
  test('missing', async () => {
    const report = await run(good(), { bucket: 'there-is-none' })
    expect(trouble(report)).toEqual({ 'bucket.found': 'failed invalid', ...noBucket })
    expect(check(report, 'bucket.found').title).toBe('There is no such bucket')
  })

  test('in another Region, which is named', async () => {
    const report = await run(good(), { bucket: 'vault-hosted-us-west-2' })
    expect(trouble(report)).toEqual({ 'bucket.found': 'failed invalid', ...noBucket })
    expect(check(report, 'bucket.found')).toMatchObject({
      title: 'The bucket is in another Region',
      detail: 'The bucket vault-hosted-us-west-2 is in us-west-2.',
      fix: expect.stringContaining('us-west-2'),
    })
  })

  test('of somebody else', async () => {
    const report = await run(keyArn(here.sandbox.info, 'backups'), { credentials: here.sandbox.stranger })
    expect(trouble(report)).toMatchObject({ 'bucket.write': 'failed refused', ...noWrite })
  })

  test('probes lie below prefix and environment, and none is left', async () => {
    await here.sandbox.control('DELETE', 'objects')
    await here.sandbox.control('PUT', 'faults', [{ service: 's3', operation: 'DeleteObject', effect: 'AccessDenied' }])
    await run(good())
    const [left, ...others] = await probesLeft()
    expect(others).toEqual([])
    expect(left).toMatch(new RegExp(`^some/prefix/${environment}/checks/[0-9a-f-]{36}$`))
    await here.sandbox.control('DELETE', 'objects')
    await here.sandbox.control('DELETE', 'faults')
    await run(good())
    expect(await probesLeft()).toEqual([])
  })
})

describe('least privilege', () => {
  const empty = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'sts:TagSession', Resource: '*' }] }
  interface Statement {
    Action: string | string[]
  }
  /** What a failed check offers to copy: the remedy of that name, as JSON. */
  function remedy(report: CheckReport, id: CheckId, label: string): Statement[] {
    const { remedies = [] } = check(report, id)
    const text = remedies.find((one) => one.label === label)?.formats.find(({ format }) => format === 'json')?.text
    if (!text) throw new Error(`No ${label} for ${id}, but ${remedies.map((one) => one.label)}`)
    const parsed: Statement[] | { Statement: Statement[] } = JSON.parse(text)
    return Array.isArray(parsed) ? parsed : parsed.Statement
  }
  const policy = (Statement: object[]) => ({ Version: '2012-10-17', Statement })

  test('what the failed checks offer to copy is enough, and each permission in it is needed', async () => {
    const nobody = await here.sandbox.user('worker', empty)
    // By alias, so that the key’s own ARN is known only from the refusal.
    const before = await run('alias/backups', { credentials: nobody })
    expect(trouble(before)).toEqual({
      'key.describe': 'failed refused',
      'key.encrypt': 'failed refused',
      'key.decrypt': 'failed refused',
      'key.context': 'skipped',
      ...noDescribe,
      ...noBucket,
      'bucket.write': 'failed refused',
    })
    const forKey = remedy(before, 'key.describe', 'IAM policy')
    for (const id of ['key.encrypt', 'key.decrypt'] as const) expect(remedy(before, id, 'IAM policy')).toEqual(forKey)
    const statements = [...forKey, ...remedy(before, 'bucket.write', 'IAM policy')]

    const worker = await here.sandbox.user('worker', policy(statements))
    const unlooked = { 'key.rotation': 'skipped', 'key.lastUse': 'skipped', ...noLooks }
    expect(trouble(await run('alias/backups', { credentials: worker }))).toEqual(unlooked)

    const without = (action: string) =>
      statements
        .map((one) => ({ ...one, Action: [one.Action].flat().filter((name) => name !== action) }))
        .filter(({ Action }) => Action.length > 0)
    const effects: [string, Partial<Record<CheckId, string>>][] = [
      ['kms:DescribeKey', { 'key.describe': 'failed refused', ...noDescribe }],
      ['kms:Encrypt', { 'key.encrypt': 'failed refused', ...noEncrypt }],
      ['kms:Decrypt', { 'key.decrypt': 'failed refused', 'key.context': 'skipped' }],
      ['s3:PutObject', { 'bucket.write': 'failed refused', ...noWrite }],
      ['s3:GetObject', { 'bucket.read': 'failed refused' }],
      ['s3:DeleteObject', { 'bucket.delete': 'failed refused' }],
      ['s3:ListBucket', { 'bucket.list': 'failed refused', 'bucket.owner': 'skipped' }],
    ]
    for (const [action, expected] of effects) {
      const less = await here.sandbox.user('worker', policy(without(action)))
      expect({ action, ...trouble(await run('alias/backups', { credentials: less })) }).toEqual({
        action,
        ...unlooked,
        ...expected,
      })
    }
  })

  test('a key policy that names nobody else: the statements offered for it are enough', async () => {
    const arn = keyArn(here.sandbox.info, 'archive')
    const admin = {
      Sid: 'Admin',
      Effect: 'Allow',
      Principal: { AWS: here.sandbox.administrator.arn },
      Action: 'kms:*',
      Resource: '*',
    }
    const put = (Statement: object[]) =>
      here.sandbox.kms().send(new PutKeyPolicyCommand({ KeyId: arn, Policy: JSON.stringify(policy(Statement)) }))
    await put([admin])
    const bucketOnly = [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }]
    const credentials = await here.sandbox.user('bucket-only', policy(bucketOnly))
    const before = await run(arn, { credentials })
    expect(check(before, 'key.describe').title).toBe('DescribeKey was refused by the key policy')
    const statements = remedy(before, 'key.describe', 'Key policy')
    await put([admin, ...statements])
    expect(trouble(await run(arn, { credentials }))).toEqual({ 'key.rotation': 'skipped', 'key.lastUse': 'skipped' })
  })

  test('a key of another account: the statements offered for its owner are enough', async () => {
    const arn = keyArn(here.sandbox.info, 'not-shared')
    const statements = remedy(await run(arn), 'key.encrypt', 'Key policy')
    const root = { AWS: 'arn:aws:iam::444455556666:root' }
    const owner = { Sid: 'Owner', Effect: 'Allow', Principal: root, Action: 'kms:*', Resource: '*' }
    const Policy = JSON.stringify(policy([owner, ...statements]))
    await here.sandbox.kms('us-east-1', here.sandbox.stranger).send(new PutKeyPolicyCommand({ KeyId: arn, Policy }))
    expect(trouble(await run(arn))).toEqual({ 'key.rotation': 'skipped', 'key.lastUse': 'skipped' })
  })
})
