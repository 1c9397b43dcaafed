import { ListKeysCommand } from '@aws-sdk/client-kms'
import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Credentials, openTestSandbox, refusal, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { proveExternalId } from './prove-external-id.ts'

const externalId = '5bb7e3c4-2f5e-4f0c-9b6e-0b7d9a3f1c11'
const anything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
let sandbox: TestSandbox
beforeAll(async () => {
  sandbox = await openTestSandbox()
})
afterAll(() => sandbox.close())
afterEach(() => sandbox.control('DELETE', 'faults'))

interface Role {
  condition?: object
  account?: string
  principal?: string
}
/** A role that trusts the sandbox's administrator under this condition. */
async function roleWith({ condition, account = sandbox.administrator.id, principal }: Role) {
  const Statement = [
    {
      Effect: 'Allow',
      Principal: { AWS: principal ?? sandbox.administrator.arn },
      Action: 'sts:AssumeRole',
      ...(condition && { Condition: condition }),
    },
  ]
  await sandbox.control('PUT', `roles/${account}/tried`, {
    trustPolicy: { Version: '2012-10-17', Statement },
    policy: anything,
  })
  return { arn: `arn:aws:iam::${account}:role/tried`, externalId, sessionName: 'vault-console-env' }
}
const own = { StringEquals: { 'sts:ExternalId': externalId } }
const prove = async (role: Role, credentials?: Credentials) =>
  proveExternalId(sandbox.sts('us-east-1', credentials), await roleWith(role))

describe('a role that', () => {
  test.each<[string, object | undefined, string, string, RegExp]>([
    ['demands this ID', own, 'passed', 'Role demands the external ID', /without .* and with another one/],
    ['demands none', undefined, 'warning', 'The role does not ask for the external ID', /without .*, and with one/],
    [
      'demands any',
      { Null: { 'sts:ExternalId': 'false' } },
      'warning',
      'The role takes any external ID',
      /taken on with an external ID that was made up/,
    ],
    [
      'demands what everything is like',
      { StringLike: { 'sts:ExternalId': '*' } },
      'warning',
      'The role takes any external ID',
      /taken on with an external ID that was made up/,
    ],
    [
      'demands this ID of those who name one',
      { StringEqualsIfExists: { 'sts:ExternalId': externalId } },
      'warning',
      'The role does not ask for the external ID',
      /taken on without an external ID\./,
    ],
  ])('%s', async (_, condition, status, title, detail) => {
    expect(await prove({ ...(condition && { condition }) })).toMatchObject({
      id: 'credentials.externalId',
      status,
      title,
      detail: expect.stringMatching(detail),
      awsRequestId: expect.stringMatching(/./),
    })
  })

  test('is of another account fails where it takes anybody, and passes with the trust policy that is offered', async () => {
    const account = sandbox.stranger.id
    const open = await prove({ account })
    expect(open).toMatchObject({ status: 'failed', kind: 'invalid', who: 'role trust policy' })
    expect(open.cause).toContain(`whoever else has ${sandbox.administrator.arn} act for them`)
    const text = open.remedies?.[0]?.formats.find(({ format }) => format === 'json')?.text ?? ''
    const trustPolicy: unknown = JSON.parse(text)
    await sandbox.control('PUT', `roles/${account}/tried`, { trustPolicy, policy: anything })
    const role = { arn: `arn:aws:iam::${account}:role/tried`, externalId, sessionName: 'vault-console-env' }
    expect((await proveExternalId(sandbox.sts(), role)).status).toBe('passed')
    // And the console still gets in.
    const { arn: RoleArn, sessionName: RoleSessionName } = role
    await sandbox.sts().send(new AssumeRoleCommand({ RoleArn, RoleSessionName, ExternalId: externalId }))
  })

  test('leaves it to IAM in its own account is tried like any other', async () => {
    const principal = `arn:aws:iam::${sandbox.administrator.id}:root`
    expect((await prove({ principal })).status).toBe('warning')
    expect((await prove({ principal, condition: own })).status).toBe('passed')
  })
})

test('what is granted lasts as short as can be, under the name of every other session, and can do nothing', async () => {
  const given = z.object({ AccessKeyId: z.string(), SecretAccessKey: z.string(), SessionToken: z.string() })
  const asked: unknown[] = []
  const sessions: Credentials[] = []
  const sts = sandbox.sts()
  const send = sts.send.bind(sts)
  const seen = Object.assign(sts, {
    send: async (command: Parameters<STSClient['send']>[0]) => {
      const answer = await send(command)
      if (!(command instanceof AssumeRoleCommand) || !('Credentials' in answer)) return answer
      asked.push(command.input)
      const { AccessKeyId, SecretAccessKey, SessionToken } = given.parse(answer.Credentials)
      sessions.push({ accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken })
      return answer
    },
  })
  const role = await roleWith({})
  const check = await proveExternalId(seen, role)
  const every = { RoleArn: role.arn, RoleSessionName: role.sessionName, DurationSeconds: 900 }
  expect(asked).toHaveLength(2)
  expect(asked).toContainEqual(expect.objectContaining(every))
  expect(asked).toContainEqual(expect.objectContaining({ ...every, ExternalId: expect.not.stringMatching(externalId) }))
  expect(asked.filter((input) => JSON.stringify(input).includes('ExternalId'))).toHaveLength(1)
  for (const session of sessions) {
    const attempt = sandbox.kms('us-east-1', session).send(new ListKeysCommand({}))
    expect(await refusal(attempt)).toMatchObject({ name: 'AccessDeniedException' })
    expect(JSON.stringify(check)).not.toContain(session.secretAccessKey)
    expect(JSON.stringify(check)).not.toContain(session.sessionToken)
  }
})

describe('nothing is known, and so nothing fails', () => {
  test.each(['Throttle', 'Outage', 'Reset', 'InternalError'])('%s', async (effect) => {
    await sandbox.control('PUT', 'faults', [{ service: 'sts', operation: 'AssumeRole', effect }])
    expect(await prove({})).toMatchObject({
      status: 'skipped',
      detail: 'Not known: AWS STS gave no usable answer when it was asked for the role in another way.',
    })
  })

  test('a policy of the caller’s that names the external ID hides what the role would say', async () => {
    const allow = { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*', Condition: own }
    const careful = await sandbox.user('careful', { Version: '2012-10-17', Statement: [allow] })
    const principal = `arn:aws:iam::${sandbox.administrator.id}:root`
    expect(await prove({ principal }, careful)).toMatchObject({
      status: 'skipped',
      detail: expect.stringMatching(/a policy on this console’s side \(identity-based policy\)/),
      awsCode: 'AccessDenied',
    })
  })

  test('one answer that says yes is enough, whatever the other says', async () => {
    await sandbox.control('PUT', 'faults', [{ service: 'sts', operation: 'AssumeRole', effect: 'Outage', times: 1 }])
    expect((await prove({})).status).toBe('warning')
    await sandbox.control('PUT', 'faults', [{ service: 'sts', operation: 'AssumeRole', effect: 'Outage', times: 1 }])
    expect((await prove({ condition: own })).status).toBe('skipped')
  })

  test('where STS does not say who is calling it is a warning, without a policy to copy', async () => {
    await sandbox.control('PUT', 'faults', [{ service: 'sts', operation: 'GetCallerIdentity', effect: 'Outage' }])
    const check = await prove({ account: sandbox.stranger.id })
    expect(check).toMatchObject({ status: 'warning', fix: expect.stringMatching(/StringEquals, sts:ExternalId/) })
    expect(check.remedies).toBeUndefined()
  })
})
