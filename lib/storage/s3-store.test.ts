import { randomBytes } from 'node:crypto'
import { CreateBucketCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type AwsClients, createAwsClients } from '#lib/aws/clients.ts'
import { type Gate, openGate } from '#lib/aws/gate-for-tests.ts'
import { AppError } from '#lib/errors.ts'
import { openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { objectStoreContract } from './contract.ts'
import type { ObjectStore } from './object-store.ts'
import { s3Store } from './s3-store.ts'

const region = 'us-east-1'
const bucket = 'vault-hosted-us-east-1'
let sandbox: TestSandbox
let gate: Gate
let clients: AwsClients
let store: ObjectStore
beforeAll(async () => {
  sandbox = await openTestSandbox()
  gate = await openGate(sandbox.sandbox.endpoint)
  clients = createAwsClients({ region, credentials: sandbox.administrator, endpoint: gate.endpoint }, 'background')
  store = s3Store(clients.s3, bucket)
})
afterAll(async () => {
  clients.destroy()
  await gate.close()
  await sandbox.close()
})
beforeEach(() => sandbox.control('DELETE', 'requests'))
afterEach(async () => {
  gate.open()
  await sandbox.control('DELETE', 'faults')
})

objectStoreContract('S3 through the sandbox', () => store)

objectStoreContract('S3 with versions', async () => {
  await sandbox.s3(region).send(new CreateBucketCommand({ Bucket: 'with-versions' }))
  await sandbox
    .s3(region)
    .send(new PutBucketVersioningCommand({ Bucket: 'with-versions', VersioningConfiguration: { Status: 'Enabled' } }))
  return s3Store(clients.s3, 'with-versions')
})

const faults = (...list: object[]) =>
  sandbox.control(
    'PUT',
    'faults',
    list.map((fault) => ({ service: 's3', ...fault })),
  )
const s3Counts = async () => (await sandbox.control('GET', 'requests')).counts.s3 ?? {}
const bytes = (text: string) => Buffer.from(text)
async function first(objects: AsyncIterable<unknown>): Promise<unknown> {
  for await (const object of objects) return object
  return undefined
}
async function failure(work: Promise<unknown>): Promise<AppError> {
  const error: unknown = await work.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  )
  if (error instanceof AppError) return error
  throw error
}

describe('creating', () => {
  const isPut = ({ method }: { method: string }) => method === 'PUT'

  test('a connection that is cut before the request is carried out', async () => {
    await faults({ operation: 'PutObject', effect: 'Reset', times: 1 })
    await store.create('cut', bytes('content'))
    expect(Buffer.from(await store.read('cut', 100)).toString()).toBe('content')
  })

  test('an answer that is lost after the object was stored is settled by its checksum', async () => {
    gate.loseAnswers(isPut, 1)
    const body = randomBytes(100_000)
    await store.create('lost', body)
    expect(await s3Counts()).toEqual({ PutObject: 2, HeadObject: 1 })
    expect(body.equals(await store.read('lost', 100_000))).toBe(true)
  })

  test('an answer that is lost, and somebody else’s bytes under the name: conflict, and theirs stay', async () => {
    await store.create('theirs', bytes('their'))
    gate.loseAnswers(isPut, 1)
    expect(await failure(store.create('theirs', bytes('other')))).toMatchObject({ code: 'conflict', retryable: false })
    expect(Buffer.from(await store.read('theirs', 100)).toString()).toBe('their')
  })

  test('throttling and faults of S3 that pass are not noticed', async () => {
    for (const effect of ['Throttle', 'InternalError', 'Outage']) {
      await faults({ operation: 'PutObject', effect, times: 2 })
      await store.create(`after ${effect}`, bytes(effect))
      expect(Buffer.from(await store.read(`after ${effect}`, 100)).toString()).toBe(effect)
    }
  })

  test('a replacement whose answer was lost is sent again', async () => {
    await store.replace('generation', bytes('one'))
    gate.loseAnswers(isPut, 1)
    await store.replace('generation', bytes('two'))
    expect(Buffer.from(await store.read('generation', 100)).toString()).toBe('two')
  })
})

describe('reading', () => {
  test.each([1, 1000, 300_000])('%i bytes of which one arrives changed are never given out', async (size) => {
    const body = randomBytes(size)
    const key = `corrupt-${size}`
    await store.create(key, body)
    await faults({ operation: 'GetObject', effect: 'CorruptBody' })
    expect(await failure(store.read(key, size))).toMatchObject({ code: 'integrity', retryable: false })
    expect(await s3Counts()).toMatchObject({ GetObject: 3 })
    await faults({ operation: 'GetObject', effect: 'CorruptBody', times: 2 })
    expect(body.equals(await store.read(key, size))).toBe(true)
  })

  test.each([1000, 300_000])(
    '%i bytes of which only some arrive are fetched again, and never given out',
    async (size) => {
      const body = randomBytes(size)
      const key = `short-${size}`
      await store.create(key, body)
      await faults({ operation: 'GetObject', effect: 'Truncate' })
      expect(await failure(store.read(key, size))).toMatchObject({ code: 'unreachable', retryable: true })
      expect(await s3Counts()).toMatchObject({ GetObject: 3 })
      await faults({ operation: 'GetObject', effect: 'Truncate', times: 2 })
      expect(body.equals(await store.read(key, size))).toBe(true)
    },
  )

  test('who compares the SHA-256 himself gets what arrived, and nobody else hashes it', async () => {
    const body = randomBytes(100_000)
    await store.create('unchecked', body)
    await faults({ operation: 'GetObject', effect: 'CorruptBody', times: 1 })
    const arrived = await store.read('unchecked', body.length, { unchecked: true })
    expect(arrived).toHaveLength(body.length)
    expect(body.equals(arrived)).toBe(false)
    expect(await s3Counts()).toMatchObject({ GetObject: 1 })
  })

  test('an object that is too long is refused at once', async () => {
    await store.create('long', randomBytes(1001))
    expect(await failure(store.read('long', 1000))).toMatchObject({ code: 'integrity' })
    expect(await s3Counts()).toMatchObject({ GetObject: 1 })
  })
})

describe('refusals', () => {
  const operations = [
    ['PutObject', 'Writing', () => store.create('refused', bytes('x'))],
    ['PutObject', 'Writing', () => store.replace('refused', bytes('x'))],
    ['GetObject', 'Reading', () => store.read('refused', 10)],
    ['DeleteObjects', 'Deleting', () => store.delete(['refused'])],
    ['ListObjectsV2', 'Listing', () => first(store.list('refused'))],
  ] as const

  test.each(operations)('of %s are denials, with what to do', async (operation, verb, run) => {
    await faults({ operation, effect: 'AccessDenied' })
    const error = await failure(run())
    expect(error).toMatchObject({ code: 'denied', retryable: false, fix: expect.stringContaining('administers IAM') })
    expect(error.message).toMatch(new RegExp(`^${verb} objects was refused by an IAM policy\\. `))
  })

  test('of single objects in a deletion are not passed over', async () => {
    const allow = { Effect: 'Allow', Action: 's3:*', Resource: '*' }
    const deny = { Effect: 'Deny', Action: 's3:DeleteObject', Resource: `arn:aws:s3:::${bucket}/kept/*` }
    const user = await sandbox.user('no-delete', { Version: '2012-10-17', Statement: [allow, deny] })
    await store.create('kept/one', bytes('one'))
    await store.create('gone/one', bytes('one'))
    const theirs = s3Store(sandbox.s3(region, user), bucket)
    const error = await failure(theirs.delete(['gone/one', 'kept/one']))
    expect(error).toMatchObject({ code: 'denied' })
    expect(Buffer.from(await store.read('kept/one', 10)).toString()).toBe('one')
  })

  test('what a policy would allow is said with where that policy is shown', async () => {
    const allow = { Effect: 'Allow', Action: 's3:ListBucket', Resource: '*' }
    const user = await sandbox.user('lists-only', { Version: '2012-10-17', Statement: [allow] })
    const write = (shownBy?: string) =>
      failure(s3Store(sandbox.s3(region, user), bucket, { shownBy }).create('x', bytes('x')))
    expect(await write('The page shows it.')).toMatchObject({ fix: expect.stringMatching(/^Add this .* shows it\.$/) })
    expect(await write()).toMatchObject({ fix: expect.stringMatching(/^Add this .* must allow s3:PutObject\.$/) })
  })

  test('a bucket that is not there, and one of another Region, are invalid', async () => {
    for (const [name, words] of [
      ['there-is-none', /^There is no such bucket\. /],
      ['vault-hosted-us-west-2', /^The bucket is in another Region\. .* is in us-west-2\. /],
    ] as const) {
      const other = s3Store(clients.s3, name)
      for (const work of [() => other.create('x', bytes('x')), () => other.read('x', 1), () => first(other.list(''))])
        expect(await failure(work())).toMatchObject({ code: 'invalid', message: expect.stringMatching(words) })
    }
  })

  test('nobody at the address: unreachable, and worth another try', async () => {
    const closed = await openGate(sandbox.sandbox.endpoint)
    await closed.close()
    const nobody = createAwsClients(
      { region, credentials: sandbox.administrator, endpoint: closed.endpoint },
      'interactive',
    )
    expect(await failure(s3Store(nobody.s3, bucket).read('x', 1))).toMatchObject({
      code: 'unreachable',
      retryable: true,
    })
    nobody.destroy()
  })
})

test('a thousand and one objects are deleted in two requests', async () => {
  await store.delete(Array.from({ length: 1001 }, (_, index) => `many/${index}`))
  expect(await s3Counts()).toEqual({ DeleteObjects: 2 })
})
