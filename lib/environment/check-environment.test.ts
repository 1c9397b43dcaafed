import { describe, expect, test } from 'vitest'
import { openGate } from '#lib/aws/gate-for-tests.ts'
import {
  type Check,
  type CheckId,
  type CheckReport,
  checkName,
  checkReportSchema,
  plannedChecks,
} from '#lib/keys/schema.ts'
import { keyArn } from '#lib/sandbox/open-test-sandbox.ts'
import { check, environmentCheck, noDescribe, noEncrypt, trouble } from './environment-check-for-tests.ts'

const here = environmentCheck()
const { good, probesLeft, run } = here
const unrotated = { 'key.rotation': 'warning' } as const

describe('the keys of a sandbox’s first day', () => {
  const outcomes: Record<string, [Partial<Record<CheckId, string>>, Partial<Record<CheckId, string>>]> = {
    backups: [{}, {}],
    archive: [{}, {}],
    retired: [
      { 'key.usable': 'failed refused', 'key.encrypt': 'failed refused', ...noEncrypt },
      { 'key.usable': 'The key is disabled', 'key.encrypt': 'The key is disabled' },
    ],
    'old-backups': [
      { 'key.usable': 'failed refused', 'key.encrypt': 'failed refused', ...noEncrypt },
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
    const aliases = here.sandbox.info.keys.map(({ alias, region }) => `${region} ${alias?.slice('alias/'.length)}`)
    const regions = ['us-east-1', 'us-west-2', 'eu-central-1', 'ap-southeast-2']
    const listed = regions.flatMap((region) => Object.keys(outcomes).map((alias) => `${region} ${alias}`))
    expect(aliases.sort()).toEqual(listed.sort())
  })

  test.each(['us-east-1', 'eu-central-1'])('in %s', async (region) => {
    for (const [alias, [expected, titles]] of Object.entries(outcomes)) {
      const arn = keyArn(here.sandbox.info, alias, region)
      const report = await run(arn, { region })
      expect({ alias, ...trouble(report) }).toEqual({ alias, ...expected })
      for (const { id, title } of report.checks.filter(({ status }) => status === 'failed'))
        expect({ alias, id, title }).toEqual({ alias, id, title: titles[id] })
      expect(report.keyArn).toBe(alias === 'not-shared' ? null : arn)
      expect(report.region).toBe(region)
    }
  })

  test('in another Region than the chosen one: nothing is asked of KMS', async () => {
    const report = await run(keyArn(here.sandbox.info, 'backups', 'eu-central-1'))
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
    expect((await here.sandbox.control('GET', 'requests')).counts.kms).toBeUndefined()
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
  const ids = plannedChecks(0, true).map(({ id }) => id)
  expect(report.checks.map(({ id, status }) => `${id} ${status}`)).toEqual(ids.map((id) => `${id} passed`))
  expect(await probesLeft()).toEqual([])
})

test('every check that spoke to AWS names its request', async () => {
  const report = await run(good())
  const asked = report.checks.filter(({ id }) => id !== 'key.usable' && id !== 'clock')
  for (const { id, awsRequestId } of asked) expect(`${id} ${awsRequestId}`).toMatch(/ [0-9A-Za-z-]{16,}$/)
  expect(new Set(asked.map(({ awsRequestId }) => awsRequestId)).size).toBe(asked.length)
})

test('independent calls go out at once: at most four wait for one another', async () => {
  const gate = await openGate(here.sandbox.sandbox.endpoint)
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
    const further = keyArn(here.sandbox.info, 'archive', 'eu-central-1')
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
    const bad = (alias: string) => keyArn(here.sandbox.info, alias)
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
    const further = keyArn(here.sandbox.info, 'archive', 'eu-central-1')
    await here.sandbox.control('PUT', 'faults', [{ service: 'kms', operation: '*', keyId: further, effect: 'Outage' }])
    expect(all(await run(good(), { furtherKeys: [further] }))).toMatchObject({
      status: 'warning',
      title: 'Not every key gave an answer',
      detail: '1 of 2 keys was seen to work.',
      who: 'wait',
    })
  })
})

test('each check is told once, as soon as it is known, as it stands in the report', async () => {
  for (const key of [good(), keyArn(here.sandbox.info, 'retired'), 'nonsense!', 'alias/nobody']) {
    const told: Check[] = []
    const report = await run(key, {}, (one) => told.push(one))
    expect(told.map(checkName).sort()).toEqual(report.checks.map(checkName).sort())
    for (const one of told) expect(report.checks).toContainEqual(one)
    expect(checkReportSchema.parse(report)).toEqual(report)
  }
})
