import { createServer } from 'node:http'
import { DescribeKeyCommand } from '@aws-sdk/client-kms'
import { GetObjectCommand, HeadBucketCommand } from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openTestSandbox, refusal, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { type AwsAccess, type AwsClients, createAwsClients } from './clients.ts'
import { type ResolvedCredentials, renewing, sessionNameOf } from './credentials.ts'

let sandbox: TestSandbox
beforeAll(async () => {
  sandbox = await openTestSandbox()
})
afterAll(() => sandbox.close())

const opened: AwsClients[] = []
afterEach(() => {
  for (const clients of opened.splice(0)) clients.destroy()
})
function open(access: Partial<AwsAccess>): AwsClients {
  const { accessKeyId, secretAccessKey } = sandbox.administrator
  const clients = createAwsClients(
    {
      region: 'us-east-1',
      credentials: { accessKeyId, secretAccessKey },
      endpoint: sandbox.sandbox.endpoint,
      ...access,
    },
    'interactive',
  )
  opened.push(clients)
  return clients
}
const caller = async (clients: AwsClients) => (await clients.sts.send(new GetCallerIdentityCommand({}))).Arn

describe('a role that is assumed', () => {
  const externalId = 'a3f4c1de-0000-4000-8000-0123456789ab'
  const roleArn = 'arn:aws:iam::444455556666:role/backups'
  const trust = (condition: object) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: sandbox.administrator.arn },
          Action: 'sts:AssumeRole',
          ...condition,
        },
      ],
    })
  beforeAll(async () => {
    const trustPolicy = trust({ Condition: { StringEquals: { 'sts:ExternalId': externalId } } })
    await sandbox.control('PUT', 'roles/444455556666/backups', { trustPolicy })
  })
  const role = (changes: object = {}) => {
    const { accessKeyId, secretAccessKey } = sandbox.administrator
    const base = { accessKeyId, secretAccessKey }
    return { roleArn, externalId, sessionName: sessionNameOf('env-1'), base, ...changes }
  }

  test('KMS, S3 and STS act as the role, under a name that tells whose session it is', async () => {
    await sandbox.control('DELETE', 'requests')
    const clients = open({ credentials: role() })
    const arns = await Promise.all([caller(clients), caller(clients)])
    expect(arns).toEqual(Array(2).fill('arn:aws:sts::444455556666:assumed-role/backups/vault-console-env-1'))
    const [key] = sandbox.info.keys
    const denied = await refusal(clients.kms.send(new DescribeKeyCommand({ KeyId: key?.arn })))
    expect(denied.message).toContain('assumed-role/backups/vault-console-env-1')
    await refusal(clients.s3.send(new HeadBucketCommand({ Bucket: 'vault-hosted-us-east-1' })))
    expect((await clients.resolveCredentials()).source).toEqual({ kind: 'role', detail: roleArn })
    // One session for all of it.
    expect((await sandbox.control('GET', 'requests')).counts.sts).toMatchObject({ AssumeRole: 1 })
  })

  test.each([
    ['another ExternalId', { externalId: 'a3f4c1de-0000-4000-8000-ffffffffffff' }],
    ['a role that is not there', { roleArn: 'arn:aws:iam::444455556666:role/nobody' }],
  ])('%s is refused in the words of STS', async (_, changes) => {
    const clients = open({ credentials: role(changes) })
    for (const call of [() => caller(clients), () => clients.resolveCredentials()])
      expect(await refusal(call())).toMatchObject({
        name: 'AccessDenied',
        status: 403,
        message: expect.stringMatching(
          /is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::\d{12}:role\/\w+$/,
        ),
      })
  })

  test('a role that asks for no ExternalId is one that anybody’s console may take', async () => {
    await sandbox.control('PUT', 'roles/444455556666/open', { trustPolicy: trust({}) })
    const clients = open({ credentials: role({ roleArn: 'arn:aws:iam::444455556666:role/open' }) })
    expect(await caller(clients)).toContain('assumed-role/open/')
  })
})

test('a session name fits what STS takes', () => {
  expect(sessionNameOf('0191e0c5-7b5f-7cc2-9f62-7d1f8e2f3a4b')).toBe(
    'vault-console-0191e0c5-7b5f-7cc2-9f62-7d1f8e2f3a4b',
  )
  expect(sessionNameOf('ü /'.repeat(50))).toMatch(/^[\w+=,.@-]{64}$/)
})

describe('credentials that expire', () => {
  const minute = 60_000
  const session = (ends: number | undefined): ResolvedCredentials => ({
    identity: { accessKeyId: 'a', secretAccessKey: 's', ...(ends !== undefined && { expiration: new Date(ends) }) },
    source: { kind: 'role', detail: 'r' },
  })
  test('are asked for once, by all who wait, and again five minutes before their end', async () => {
    let now = 0
    let asked = 0
    const find = renewing(
      async () => {
        asked += 1
        return session(now + 60 * minute)
      },
      () => now,
    )
    await Promise.all([find(), find(), find()])
    now = 54 * minute
    await find()
    expect(asked).toBe(1)
    now = 55 * minute
    expect((await find()).identity.expiration?.getTime()).toBe(115 * minute)
    expect(asked).toBe(2)
  })
  test('serve to their end where renewing fails, which is tried again meanwhile', async () => {
    let now = 0
    let asked = 0
    let away = false
    const find = renewing(
      async () => {
        asked += 1
        if (away) throw new Error('not now')
        return session(now + 60 * minute)
      },
      () => now,
    )
    const first = await find()
    away = true
    now = 55 * minute
    expect(await Promise.all([find(), find()])).toEqual([first, first])
    expect(await find()).toBe(first)
    expect(asked).toBe(2)
    now = 56 * minute
    expect(await find()).toBe(first)
    expect(asked).toBe(3)
    now = 60 * minute
    await expect(find()).rejects.toThrow('not now')
    away = false
    expect((await find()).identity.expiration?.getTime()).toBe(120 * minute)
  })
  test('a failure is told, and not kept', async () => {
    let asked = 0
    const find = renewing(async () => {
      asked += 1
      if (asked === 1) throw new Error('not now')
      return session(undefined)
    })
    await expect(find()).rejects.toThrow('not now')
    await find()
    await find()
    expect(asked).toBe(2)
  })
})

test('nobody is led elsewhere: a redirect is an error, and its target hears nothing', async () => {
  const heard: string[] = []
  const target = createServer((request, response) => {
    heard.push(request.url ?? '')
    response.end()
  })
  let status = 302
  const server = createServer((_, response) => {
    const address = target.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const location = `http://127.0.0.1:${port}/latest/meta-data/`
    response.writeHead(status, { location, 'x-amz-bucket-region': 'eu-west-1' }).end()
  })
  const listening = [target, server].map((one) => new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve)))
  await Promise.all(listening)
  const address = server.address()
  const endpoint = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  for (status of [301, 302, 303, 307, 308]) {
    const { kms, s3, sts } = open({ endpoint })
    const calls = [
      () => kms.send(new DescribeKeyCommand({ KeyId: 'alias/backups' })),
      () => s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'key' })),
      () => s3.send(new HeadBucketCommand({ Bucket: 'bucket' })),
      () => sts.send(new GetCallerIdentityCommand({})),
    ]
    for (const call of calls) expect(await refusal(call())).toMatchObject({ status })
  }
  expect(heard).toEqual([])
  for (const one of [target, server]) {
    one.closeAllConnections()
    one.close()
  }
})
