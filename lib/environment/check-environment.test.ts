import { createServer, type RequestListener, request as sendRequest } from 'node:http'
import { PutKeyPolicyCommand } from '@aws-sdk/client-kms'
import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openGate } from '#lib/aws/gate-for-tests.ts'
import {
  type Check,
  type CheckId,
  type CheckReport,
  checkIds,
  checkName,
  checkReportSchema,
  plannedChecks,
} from '#lib/keys/schema.ts'
import { type Credentials, keyArn, openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { checkEnvironment } from './check-environment.ts'

const installation = '5bb7e3c4-2f5e-4f0c-9b6e-0b7d9a3f1c11'
const environment = 'c9d4a1f2-7f41-4f7d-8a55-3a1f5b8e2d22'
const hosted = 'vault-hosted-us-east-1'
let sandbox: TestSandbox
beforeAll(async () => {
  sandbox = await openTestSandbox()
})
afterAll(() => sandbox.close())
afterEach(async () => {
  await sandbox.control('DELETE', 'faults')
  await sandbox.control('DELETE', 'requests')
})

interface Changes {
  region?: string
  credentials?: Credentials
  bucket?: string
  endpoint?: string
  furtherKeys?: string[]
}
function run(key: string | undefined, changes: Changes = {}, tell?: (check: Check) => void): Promise<CheckReport> {
  const { region = 'us-east-1', bucket = `vault-hosted-${region}` } = changes
  const { accessKeyId, secretAccessKey, sessionToken }: Credentials = changes.credentials ?? sandbox.administrator
  return checkEnvironment(
    {
      access: {
        region,
        credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) },
        endpoint: changes.endpoint ?? sandbox.sandbox.endpoint,
      },
      installation,
      environment,
      keys: key === undefined ? [] : [key, ...(changes.furtherKeys ?? [])],
      bucket: { name: bucket, prefix: 'some/prefix' },
    },
    tell,
  )
}
const good = () => keyArn(sandbox.info, 'backups')

/** What is not passed, as `status kind`; a report without anything here is a good one. */
function trouble(report: CheckReport): Partial<Record<CheckId, string>> {
  expect(report.checks.map(({ id }) => id)).toEqual(checkIds.filter((id) => id !== 'keys'))
  expect(report.ok).toBe(report.checks.every(({ status }) => status !== 'failed'))
  const said = report.checks.filter(({ status }) => status !== 'passed')
  return Object.fromEntries(said.map(({ id, status, kind }) => [id, kind ? `${status} ${kind}` : status]))
}
function check(report: CheckReport, id: CheckId): Check {
  const found = report.checks.find((one) => one.id === id)
  if (!found) throw new Error(`No check ${id}`)
  return found
}
async function probesLeft(): Promise<string[]> {
  const { Contents = [] } = await sandbox.s3().send(new ListObjectsV2Command({ Bucket: hosted }))
  return Contents.map(({ Key = '' }) => Key)
}

const noEncrypt = { 'key.decrypt': 'skipped', 'key.context': 'skipped' } as const
const noDescribe = { 'key.usable': 'skipped', 'key.rotation': 'skipped', 'key.lastUse': 'skipped' } as const
const unrotated = { 'key.rotation': 'warning' } as const
const noWrite = {
  'bucket.read': 'skipped',
  'bucket.list': 'skipped',
  'bucket.conditional': 'skipped',
  'bucket.delete': 'skipped',
} as const
/** Nothing fails because these may not be looked at. */
const noLooks = {
  'bucket.versioning': 'skipped',
  'bucket.objectLock': 'skipped',
  'bucket.publicAccess': 'skipped',
  'bucket.tls': 'skipped',
  'bucket.encryption': 'skipped',
} as const
const noBucket = { 'bucket.owner': 'skipped', 'bucket.write': 'skipped', ...noWrite, ...noLooks } as const

describe('the keys of a sandbox’s first day', () => {
  const outcomes: Record<string, [Partial<Record<CheckId, string>>, Partial<Record<CheckId, string>>]> = {
    backups: [{}, {}],
    archive: [{}, {}],
    retired: [
      { 'key.usable': 'failed refused', 'key.encrypt': 'failed refused', ...noEncrypt, ...unrotated },
      { 'key.usable': 'The key is disabled', 'key.encrypt': 'The key is disabled' },
    ],
    'old-backups': [
      { 'key.usable': 'failed refused', 'key.encrypt': 'failed refused', ...noEncrypt, ...unrotated },
      { 'key.usable': 'The key is scheduled for deletion', 'key.encrypt': 'The key is scheduled for deletion' },
    ],
    'code-signing': [
      { 'key.usable': 'failed invalid', 'key.encrypt': 'failed invalid', ...noEncrypt, 'key.rotation': 'skipped' },
      { 'key.usable': 'The key is of the wrong kind', 'key.encrypt': 'The key is of the wrong kind' },
    ],
    'partner-inbox': [
      { 'key.usable': 'failed invalid', 'key.encrypt': 'failed invalid', ...noEncrypt, 'key.rotation': 'skipped' },
      { 'key.usable': 'The key is of the wrong kind', 'key.encrypt': 'The key is of the wrong kind' },
    ],
    'write-only': [
      { 'key.decrypt': 'failed refused', 'key.context': 'skipped', ...unrotated },
      { 'key.decrypt': 'Decrypt was refused by the key policy' },
    ],
    'not-shared': [
      {
        'key.describe': 'failed refused',
        'key.encrypt': 'failed refused',
        'key.decrypt': 'failed refused',
        'key.context': 'skipped',
        ...noDescribe,
      },
      {
        'key.describe': 'DescribeKey was refused: the key is of another account, or not shared',
        'key.encrypt': 'Encrypt was refused: the key is of another account, or not shared',
        'key.decrypt': 'Decrypt was refused: the key is of another account, or not shared',
      },
    ],
  }

  test('every one of them is in the table, in every Region', () => {
    const aliases = sandbox.info.keys.map(({ alias, region }) => `${region} ${alias?.slice('alias/'.length)}`)
    const regions = ['us-east-1', 'us-west-2', 'eu-central-1', 'ap-southeast-2']
    const listed = regions.flatMap((region) => Object.keys(outcomes).map((alias) => `${region} ${alias}`))
    expect(aliases.sort()).toEqual(listed.sort())
  })

  test.each(['us-east-1', 'eu-central-1'])('in %s', async (region) => {
    for (const [alias, [expected, titles]] of Object.entries(outcomes)) {
      const arn = keyArn(sandbox.info, alias, region)
      const report = await run(arn, { region })
      expect({ alias, ...trouble(report) }).toEqual({ alias, ...expected })
      for (const { id, title } of report.checks.filter(({ status }) => status === 'failed'))
        expect({ alias, id, title }).toEqual({ alias, id, title: titles[id] })
      expect(report.keyArn).toBe(alias === 'not-shared' ? null : arn)
      expect(report.region).toBe(region)
    }
  })

  test('in another Region than the chosen one: nothing is asked of KMS', async () => {
    const report = await run(keyArn(sandbox.info, 'backups', 'eu-central-1'))
    expect(trouble(report)).toEqual({
      'key.describe': 'failed invalid',
      'key.encrypt': 'skipped',
      ...noDescribe,
      ...noEncrypt,
    })
    expect(check(report, 'key.describe')).toMatchObject({
      title: 'The key is in another Region',
      detail: expect.stringMatching(/eu-central-1.*us-east-1/),
      fix: expect.stringContaining('Choose the Region eu-central-1'),
    })
    expect((await sandbox.control('GET', 'requests')).counts.kms).toBeUndefined()
  })
})

test('every form of a name leads to the same key ARN', async () => {
  const arn = good()
  const [prefix = '', id = ''] = arn.split('key/')
  for (const typed of [arn, id, 'alias/backups', `${prefix}alias/backups`, `  “${arn}”, `]) {
    const report = await run(typed)
    expect({ typed, ...trouble(report) }).toEqual({ typed })
    expect(report.keyArn).toBe(arn)
  }
})

test('names that lead to nothing', async () => {
  const missing = { 'key.describe': 'failed invalid', ...noDescribe, 'key.encrypt': 'failed invalid' }
  const alias = await run('alias/nobody')
  expect(trouble(alias)).toEqual({ ...missing, ...noEncrypt })
  expect(check(alias, 'key.describe').title).toBe('No such alias')
  const id = await run('00000000-0000-4000-8000-000000000000')
  expect(trouble(id)).toEqual({ ...missing, ...noEncrypt })
  expect(check(id, 'key.describe').title).toBe('No such key')
  expect(check(await run('nonsense!'), 'key.describe')).toMatchObject({ status: 'failed', kind: 'invalid' })
})

test('without a key only credentials and bucket are checked', async () => {
  const report = await run(undefined)
  expect(report).toMatchObject({ ok: true, keyArn: null })
  const ids = checkIds.filter((id) => !id.startsWith('key'))
  expect(report.checks.map(({ id, status }) => `${id} ${status}`)).toEqual(ids.map((id) => `${id} passed`))
  expect(await probesLeft()).toEqual([])
})

test('every check that spoke to AWS names its request', async () => {
  const report = await run(good())
  const asked = report.checks.filter(({ id }) => id !== 'key.usable' && id !== 'clock')
  for (const { id, awsRequestId } of asked) expect(`${id} ${awsRequestId}`).toMatch(/ [0-9A-Za-z-]{16,}$/)
  expect(new Set(asked.map(({ awsRequestId }) => awsRequestId)).size).toBe(asked.length)
})

describe('faults', () => {
  const rows: [string, string, Partial<Record<string, Partial<Record<CheckId, string>>>>][] = []
  const calls = [
    ['kms', 'DescribeKey', 'key.describe', noDescribe],
    ['kms', 'Encrypt', 'key.encrypt', noEncrypt],
    ['kms', 'Decrypt', 'key.decrypt', { 'key.context': 'skipped' }],
    ['s3', 'PutObject', 'bucket.write', noWrite],
    ['s3', 'GetObject', 'bucket.read', {}],
    ['s3', 'DeleteObject', 'bucket.delete', {}],
  ] as const
  for (const [service, operation, id, rest] of calls) {
    const outcome = (text: string) => ({ [id]: text, ...rest })
    rows.push([
      service,
      operation,
      {
        Outage: outcome('failed unreachable'),
        Throttle: outcome('failed unreachable'),
        InternalError: outcome('failed unreachable'),
        Reset: outcome('failed unreachable'),
        AccessDenied: outcome('failed refused'),
      },
    ])
  }
  rows.push(['kms', 'Encrypt', { Truncate: { 'key.encrypt': 'failed unreachable', ...noEncrypt } }])
  rows.push(['kms', 'DescribeKey', { Truncate: { 'key.describe': 'failed unreachable', ...noDescribe } }])
  rows.push([
    's3',
    'GetObject',
    { Truncate: { 'bucket.read': 'failed unreachable' }, CorruptBody: { 'bucket.read': 'failed invalid' } },
  ])
  rows.push([
    'sts',
    'GetCallerIdentity',
    {
      Outage: { credentials: 'warning unreachable', 'bucket.owner': 'skipped' },
      Throttle: { credentials: 'warning unreachable', 'bucket.owner': 'skipped' },
      Reset: { credentials: 'warning unreachable', 'bucket.owner': 'skipped' },
      Truncate: { credentials: 'warning unreachable', 'bucket.owner': 'skipped' },
      AccessDenied: { credentials: 'warning refused', 'bucket.owner': 'skipped' },
    },
  ])
  rows.push([
    '*',
    '*',
    {
      Outage: {
        credentials: 'warning unreachable',
        'key.describe': 'failed unreachable',
        ...noDescribe,
        'key.encrypt': 'failed unreachable',
        ...noEncrypt,
        ...noBucket,
        'bucket.found': 'skipped',
        'bucket.write': 'failed unreachable',
      },
    },
  ])

  test.each(
    rows.flatMap(([service, operation, by]) =>
      Object.entries(by).map(([effect, expected]) => ({ service, operation, effect, expected })),
    ),
  )('$effect on $service $operation', async ({ service, operation, effect, expected }) => {
    await sandbox.control('PUT', 'faults', [{ service, operation, effect }])
    const report = await run(good())
    expect(trouble(report)).toEqual(expected)
    for (const failed of report.checks.filter(({ status }) => status === 'failed')) {
      expect(failed.cause).toBeTruthy()
      expect(failed.fix).toBeTruthy()
      if (failed.kind === 'unreachable') expect(failed.title).toMatch(/ could not be reached$/)
      if (failed.kind === 'refused') expect(failed.title).toMatch(/ was refused/)
    }
  })

  test.each(['Encrypt', 'Decrypt', 'DescribeKey'])(
    'one fault of %s that passes is not even noticed',
    async (operation) => {
      await sandbox.control('PUT', 'faults', [{ service: 'kms', operation, effect: 'InternalError', times: 1 }])
      expect(trouble(await run(good()))).toEqual({})
    },
  )

  test('damaged answers of Encrypt and Decrypt never pass', async () => {
    for (const operation of ['Encrypt', 'Decrypt']) {
      await sandbox.control('PUT', 'faults', [{ service: 'kms', operation, effect: 'CorruptBody' }])
      const report = await run(good())
      expect(report.ok).toBe(false)
      expect(check(report, 'key.decrypt').status).not.toBe('passed')
    }
  })

  test('nothing answers at all', async () => {
    const gate = await openGate(sandbox.sandbox.endpoint)
    await gate.close()
    const report = await run(good(), { endpoint: gate.endpoint })
    expect(trouble(report)).toEqual({
      credentials: 'warning unreachable',
      'key.describe': 'failed unreachable',
      ...noDescribe,
      'key.encrypt': 'failed unreachable',
      ...noEncrypt,
      ...noBucket,
      'bucket.found': 'skipped',
      'bucket.write': 'failed unreachable',
      clock: 'skipped',
    })
    expect(check(report, 'key.encrypt')).toMatchObject({
      awsCode: 'ECONNREFUSED',
      cause: expect.stringMatching(/^Nothing listens/),
    })
  })
})

describe('credentials', () => {
  // Where the bucket is, and the time, AWS tells nearly anybody.
  const told: CheckId[] = ['bucket.found', 'clock', 'keys']
  const only = Object.fromEntries(
    checkIds.filter((id) => !told.includes(id)).map((id) => [id, id === 'credentials' ? 'failed refused' : 'skipped']),
  )

  test('a wrong secret, an unknown access key and a false session token are told once', async () => {
    const { accessKeyId, secretAccessKey } = sandbox.administrator
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
    const { arn, id } = sandbox.administrator
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
    const report = await run(keyArn(sandbox.info, 'backups'), { credentials: sandbox.stranger })
    expect(trouble(report)).toMatchObject({ 'bucket.write': 'failed refused', ...noWrite })
  })

  test('probes lie below prefix and environment, and none is left', async () => {
    await sandbox.control('DELETE', 'objects')
    await sandbox.control('PUT', 'faults', [{ service: 's3', operation: 'DeleteObject', effect: 'AccessDenied' }])
    await run(good())
    const [left, ...others] = await probesLeft()
    expect(others).toEqual([])
    expect(left).toMatch(new RegExp(`^some/prefix/${environment}/checks/[0-9a-f-]{36}$`))
    await sandbox.control('DELETE', 'objects')
    await sandbox.control('DELETE', 'faults')
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
    const nobody = await sandbox.user('worker', empty)
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

    const worker = await sandbox.user('worker', policy(statements))
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
      const less = await sandbox.user('worker', policy(without(action)))
      expect({ action, ...trouble(await run('alias/backups', { credentials: less })) }).toEqual({
        action,
        ...unlooked,
        ...expected,
      })
    }
  })

  test('a key policy that names nobody else: the statements offered for it are enough', async () => {
    const arn = keyArn(sandbox.info, 'archive')
    const admin = {
      Sid: 'Admin',
      Effect: 'Allow',
      Principal: { AWS: sandbox.administrator.arn },
      Action: 'kms:*',
      Resource: '*',
    }
    const put = (Statement: object[]) =>
      sandbox.kms().send(new PutKeyPolicyCommand({ KeyId: arn, Policy: JSON.stringify(policy(Statement)) }))
    await put([admin])
    const bucketOnly = [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }]
    const credentials = await sandbox.user('bucket-only', policy(bucketOnly))
    const before = await run(arn, { credentials })
    expect(check(before, 'key.describe').title).toBe('DescribeKey was refused by the key policy')
    const statements = remedy(before, 'key.describe', 'Key policy')
    await put([admin, ...statements])
    expect(trouble(await run(arn, { credentials }))).toEqual({ 'key.rotation': 'skipped', 'key.lastUse': 'skipped' })
  })

  test('a key of another account: the statements offered for its owner are enough', async () => {
    const arn = keyArn(sandbox.info, 'not-shared')
    const statements = remedy(await run(arn), 'key.encrypt', 'Key policy')
    const root = { AWS: 'arn:aws:iam::444455556666:root' }
    const owner = { Sid: 'Owner', Effect: 'Allow', Principal: root, Action: 'kms:*', Resource: '*' }
    const Policy = JSON.stringify(policy([owner, ...statements]))
    await sandbox.kms('us-east-1', sandbox.stranger).send(new PutKeyPolicyCommand({ KeyId: arn, Policy }))
    expect(trouble(await run(arn))).toEqual({ 'key.rotation': 'skipped', 'key.lastUse': 'skipped' })
  })
})

test('independent calls go out at once: at most four wait for one another', async () => {
  const gate = await openGate(sandbox.sandbox.endpoint)
  try {
    // Nothing of a wave is answered before all of it has arrived: a call that waited for another would never come.
    const settings = ['GET ?encryption', 'GET ?lifecycle', 'GET ?object-lock', 'GET ?policy', 'GET ?policyStatus']
    const waves = [
      [
        'DescribeKey',
        'Encrypt',
        ...settings,
        'GET ?publicAccessBlock',
        'GET ?versioning',
        'GetCallerIdentity',
        'HEAD',
        'PUT',
      ],
      ['Decrypt', 'Decrypt', 'GET', 'GET list', 'GetKeyLastUsage', 'GetKeyRotationStatus', 'HEAD', 'PUT'],
      ['DELETE'],
    ]
    const name = ({ method, url, operation }: { method: string; url: string; operation: string | undefined }) => {
      if (operation) return operation
      if (method === 'POST') return 'GetCallerIdentity'
      const query = [...new URL(url, 'http://localhost').searchParams.keys()]
      if (query.includes('list-type')) return 'GET list'
      const [first = ''] = query
      return first && first !== 'x-id' ? `${method} ?${first}` : method
    }
    let hold = gate.hold(() => true)
    const report = run(good(), { endpoint: gate.endpoint })
    for (const [index, expected] of waves.entries()) {
      await hold.arrived(expected.length)
      expect(hold.held.map(name).sort()).toEqual(expected)
      const next = gate.hold(() => index + 1 < waves.length)
      hold.release()
      hold = next
    }
    expect(waves.length).toBeLessThanOrEqual(4)
    expect(trouble(await report)).toEqual({})
  } finally {
    await gate.close()
  }
})

describe('several keys', () => {
  const status = (report: CheckReport, key: number) =>
    Object.fromEntries(report.checks.filter((one) => one.key === key).map(({ id, status }) => [id, status]))
  const all = (report: CheckReport) => report.checks.find(({ id }) => id === 'keys')

  test('each is checked where it is, in one report', async () => {
    const further = keyArn(sandbox.info, 'archive', 'eu-central-1')
    const report = await run(good(), { furtherKeys: [further] })
    expect(report).toMatchObject({ ok: true, keyArn: good() })
    expect(report.keys).toEqual([
      { typed: good(), keyArn: good(), region: 'us-east-1' },
      { typed: further, keyArn: further, region: 'eu-central-1' },
    ])
    expect(report.checks.map(checkName)).toEqual(plannedChecks(2, true).map(checkName))
    expect(status(report, 1)).toEqual(status(report, 0))
    expect(all(report)).toMatchObject({ status: 'passed', detail: '2 of 2 keys work.' })
  })

  test('one that fails fails the whole, and a warning says when only one is left', async () => {
    const bad = (alias: string) => keyArn(sandbox.info, alias)
    const two = await run(good(), { furtherKeys: [bad('retired')] })
    expect(two.ok).toBe(false)
    expect(status(two, 0)).not.toContain('failed')
    expect(status(two, 1)).toMatchObject({ 'key.usable': 'failed', 'key.encrypt': 'failed' })
    expect(all(two)).toMatchObject({ status: 'warning', title: 'Only one key works', detail: '1 of 2 keys works.' })
    const three = await run(good(), { furtherKeys: [bad('archive'), bad('retired')] })
    expect(three.ok).toBe(false)
    expect(all(three)).toMatchObject({ status: 'passed', detail: '2 of 3 keys work.' })
    const none = await run(bad('retired'), { furtherKeys: [bad('old-backups')] })
    expect(all(none)).toMatchObject({ status: 'warning', title: 'No key works' })
  })

  test('an outage of one is not said to be its loss', async () => {
    const further = keyArn(sandbox.info, 'archive', 'eu-central-1')
    await sandbox.control('PUT', 'faults', [{ service: 'kms', operation: '*', keyId: further, effect: 'Outage' }])
    expect(all(await run(good(), { furtherKeys: [further] }))).toMatchObject({
      status: 'warning',
      title: 'Not every key could be reached',
      detail: '1 of 2 keys was seen to work.',
      who: 'wait',
    })
  })
})

test('each check is told once, as soon as it is known, as it stands in the report', async () => {
  for (const key of [good(), keyArn(sandbox.info, 'retired'), 'nonsense!', 'alias/nobody']) {
    const told: Check[] = []
    const report = await run(key, {}, (one) => told.push(one))
    expect(told.map(checkName).sort()).toEqual(report.checks.map(checkName).sort())
    for (const one of told) expect(report.checks).toContainEqual(one)
    expect(checkReportSchema.parse(report)).toEqual(report)
  }
})

describe('the clock', () => {
  /** Something between the console and the sandbox. */
  async function through<T>(serve: RequestListener, use: (endpoint: string) => Promise<T>): Promise<T> {
    const proxy = createServer(serve)
    await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening))
    const { port }: { port?: number } = Object(proxy.address())
    try {
      return await use(`http://127.0.0.1:${port}`)
    } finally {
      proxy.closeAllConnections()
      proxy.close()
    }
  }

  test('minutes from AWS’s: a warning', async () => {
    const later: RequestListener = (incoming, outgoing) => {
      const { method, url, headers } = incoming
      const { port } = new URL(sandbox.sandbox.endpoint)
      const onward = sendRequest({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
        const date = new Date(Date.now() + 180_000).toUTCString()
        outgoing.writeHead(answer.statusCode ?? 502, { ...answer.headers, date })
        answer.pipe(outgoing)
      })
      incoming.pipe(onward)
    }
    const report = await through(later, (endpoint) => run(good(), { endpoint }))
    expect(trouble(report)).toEqual({ clock: 'warning' })
    expect(check(report, 'clock').detail).toBe('This machine’s clock is 3 minutes behind AWS’s.')
  })

  test('so far from AWS’s that it refuses: told once', async () => {
    const message =
      'Signature expired: 20261121T000000Z is now earlier than 20261121T001000Z (20261121T001500Z - 5 min.)'
    const refuse: RequestListener = (incoming, outgoing) => {
      const { method, headers } = incoming
      incoming.resume()
      if (headers['x-amz-target']) {
        outgoing.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' })
        outgoing.end(JSON.stringify({ __type: 'InvalidSignatureException', message }))
        return
      }
      const [code, text] =
        method === 'POST'
          ? ['SignatureDoesNotMatch', message]
          : ['RequestTimeTooSkewed', 'The difference is too large.']
      const error = `<Error><Code>${code}</Code><Message>${text}</Message></Error>`
      outgoing.writeHead(403, { 'content-type': 'text/xml' })
      outgoing.end(method === 'POST' ? `<ErrorResponse>${error}</ErrorResponse>` : error)
    }
    const report = await through(refuse, (endpoint) => run(good(), { endpoint }))
    expect(report.ok).toBe(false)
    const failed = report.checks.filter(({ status }) => status === 'failed')
    expect(failed).toMatchObject([{ id: 'clock', title: 'This machine’s clock is wrong', who: 'clock' }])
    const others = report.checks.filter(({ id }) => id !== 'clock')
    expect(others.map(({ status }) => status)).toEqual(others.map(() => 'skipped'))
  })
})
