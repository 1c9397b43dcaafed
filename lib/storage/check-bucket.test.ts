import type { S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAwsClients } from '#lib/aws/clients.ts'
import type { Check } from '#lib/keys/schema.ts'
import { openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { checkBucket } from './check-bucket.ts'

// Stores that are not quite S3. All that S3 itself answers is in lib/environment/check-environment.test.ts.

let sandbox: TestSandbox
beforeAll(async () => {
  sandbox = await openTestSandbox()
})
afterAll(() => sandbox.close())

async function run(s3: S3Client): Promise<Map<string, Check>> {
  const checks = new Map<string, Check>()
  const caller = Promise.resolve(sandbox.administrator.arn)
  const what = { bucket: 'vault-hosted-us-east-1', region: 'us-east-1', folder: 'e', caller }
  await checkBucket(s3, what, (check) => checks.set(check.id, check))
  return checks
}
const failed = (checks: Map<string, Check>) =>
  [...checks.values()].filter(({ status }) => status === 'failed').map(({ id }) => id)

test('one that ignores If-None-Match would let two runs overwrite each other', async () => {
  const s3 = sandbox.s3()
  s3.middlewareStack.add(
    (next) => (args) => {
      const request: { headers: Record<string, string> } = Object(args.request)
      delete request.headers['if-none-match']
      return next(args)
    },
    { step: 'build', priority: 'low' },
  )
  const checks = await run(s3)
  expect(failed(checks)).toEqual(['bucket.conditional'])
  expect(checks.get('bucket.conditional')).toMatchObject({
    title: 'Conditional writes do not work here',
    kind: 'invalid',
    who: 'settings',
  })
  expect(checks.get('bucket.delete')?.status).toBe('passed')
})

test('one that does not list what was written', async () => {
  const s3 = sandbox.s3()
  s3.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const result = await next(args)
        return commandName === 'ListObjectsV2Command' ? { ...result, output: { $metadata: {} } } : result
      },
    { step: 'initialize' },
  )
  const checks = await run(s3)
  expect(failed(checks)).toEqual(['bucket.list'])
  expect(checks.get('bucket.list')?.detail).toContain('not in the list')
})

test('one that does not know the question whose the bucket is has been reached all the same', async () => {
  const s3 = sandbox.s3()
  s3.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName !== 'HeadBucketCommand' || !('ExpectedBucketOwner' in args.input)) return next(args)
        throw Object.assign(new Error('UnknownError'), {
          name: 'NotImplemented',
          $metadata: { httpStatusCode: 501, requestId: 'request-1' },
        })
      },
    { step: 'initialize' },
  )
  const checks = await run(s3)
  expect(failed(checks)).toEqual([])
  expect(checks.get('bucket.owner')).toMatchObject({
    status: 'skipped',
    detail: 'Not known: S3 answered NotImplemented.',
  })
})

test('an answer to the write that is lost on its way is no refusal: the second attempt finds what the first one wrote', async () => {
  const { endpoint } = sandbox.sandbox
  const access = { region: 'us-east-1', endpoint, credentials: sandbox.administrator }
  const { s3, destroy } = createAwsClients(access, 'interactive')
  let lost = 0
  s3.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const result = await next(args)
        if (commandName !== 'PutObjectCommand' || lost > 0) return result
        lost += 1
        throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET', name: 'TimeoutError' })
      },
    { step: 'deserialize', priority: 'low' },
  )
  const checks = await run(s3)
  destroy()
  expect(lost).toBe(1)
  expect(failed(checks)).toEqual([])
  expect(checks.get('bucket.write')?.status).toBe('passed')
})
