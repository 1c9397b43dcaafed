import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import {
  CreateAliasCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DescribeKeyCommand,
  DisableKeyCommand,
  KMSClient,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeletePublicAccessBlockCommand,
  ListObjectVersionsCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { vi } from 'vitest'
import type { SandboxKey } from './info.ts'
import type { Credentials, TestTarget } from './open-test-sandbox.ts'

const ownAccount = '111122223333'
const ownUser = `arn:aws:iam::${ownAccount}:user/vault-console`

/**
 * A real account in the sandbox's place: what a sandbox holds on its first day is made there, and thrown away at the
 * end. The tests go on speaking of `alias/backups` and account 111122223333; names are translated on the way out and
 * back. Takes the long-lived access key of an administrator from the environment, and AWS_ENDPOINT_URL if it is set.
 * https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html
 */
export async function openAwsAccount(): Promise<TestTarget> {
  vi.setConfig({ testTimeout: 900_000, hookTimeout: 900_000 })
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_ENDPOINT_URL } = process.env
  if (!accessKeyId || !secretAccessKey) {
    throw new Error('VAULT_CONTRACT=aws needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of an administrator.')
  }
  const administrator = { accessKeyId, secretAccessKey }
  const run = `vault-contract-${randomBytes(3).toString('hex')}-`
  const names = await translation(run, administrator)
  const keys: { region: string; KeyId: string }[] = []
  const buckets: { region: string; Bucket: string }[] = []
  const closers: (() => void)[] = []

  /** Retries are the SDK's own here: AWS throttles, and what was changed takes seconds to be seen everywhere. */
  function settings(region: string, credentials: Credentials) {
    return { region, credentials: { ...credentials }, maxAttempts: 8 }
  }
  function kms(region = 'us-east-1', credentials: Credentials = administrator): KMSClient {
    const client = new KMSClient(settings(region, credentials))
    client.middlewareStack.add(
      (next, { commandName = '' }) =>
        async (args) => {
          const result = await translated(names, args, next)
          if (/^(Create|Replicate)Key/.test(commandName)) {
            const made = Object(result.output)
            const { KeyId, Arn } = made.KeyMetadata ?? made.ReplicaKeyMetadata
            const where = String(Arn).split(':')[3] ?? region
            keys.push({ region: where, KeyId })
            await untilEnabled(where, KeyId)
          }
          if (!/^(Describe|Get|List|Encrypt|Decrypt|ReEncrypt|Generate)/.test(commandName)) await settle()
          return result
        },
      { step: 'initialize', name: 'translateNames' },
    )
    closers.push(() => client.destroy())
    return client
  }
  function s3(region = 'us-east-1', credentials: Credentials = administrator): S3Client {
    const client = new S3Client(settings(region, credentials))
    client.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          const { Bucket } = Object(args.input)
          const result = await translated(names, args, next)
          if (commandName === 'CreateBucketCommand') buckets.push({ region, Bucket })
          return result
        },
      { step: 'initialize', name: 'translateNames' },
    )
    closers.push(() => client.destroy())
    return client
  }
  function sts(region = 'us-east-1', credentials: Credentials = administrator): STSClient {
    const client = new STSClient(settings(region, credentials))
    client.middlewareStack.add((next) => (args) => translated(names, args, next), { step: 'initialize' })
    closers.push(() => client.destroy())
    return client
  }

  /** A new key can be `Creating` for a while, a replica above all. Those that wait for material stay as they are. */
  async function untilEnabled(region: string, KeyId: string): Promise<void> {
    for (let turn = 0; turn < 60; turn += 1) {
      const { KeyMetadata } = await kms(region).send(new DescribeKeyCommand({ KeyId }))
      if (KeyMetadata?.KeyState !== 'Creating') return
      await wait(2000)
    }
  }

  async function seedKey(alias: string, region: string, wish: CreateKeyCommandInput = {}): Promise<SandboxKey> {
    const client = kms(region)
    const { KeyMetadata } = await client.send(new CreateKeyCommand(wish))
    const KeyId = KeyMetadata?.KeyId ?? ''
    await client.send(new CreateAliasCommand({ AliasName: `alias/${alias}`, TargetKeyId: KeyId }))
    return { arn: KeyMetadata?.Arn ?? '', alias: `alias/${alias}`, region, state: '', usable: true, about: '' }
  }

  async function removeAll(): Promise<void> {
    for (const { region, KeyId } of keys) {
      const end = new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 })
      // Some have been scheduled by a test.
      await kms(region)
        .send(end)
        .catch(() => {})
    }
    for (const { region, Bucket } of buckets) await removeBucket(s3(region), Bucket)
    for (const close of closers) close()
  }

  async function seedAll(): Promise<SandboxKey[]> {
    const seeded = [
      await seedKey('backups', 'us-east-1'),
      await seedKey('archive', 'us-east-1'),
      await seedKey('code-signing', 'us-east-1', { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }),
      await seedKey('partner-inbox', 'us-east-1', { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }),
      await seedKey('retired', 'us-east-1'),
      await seedKey('old-backups', 'us-east-1'),
      await seedKey('backups', 'us-west-2'),
    ]
    const idOf = (wanted: string) => seeded.find(({ alias }) => alias === `alias/${wanted}`)?.arn
    await kms().send(new DisableKeyCommand({ KeyId: idOf('retired') }))
    await kms().send(new ScheduleKeyDeletionCommand({ KeyId: idOf('old-backups'), PendingWindowInDays: 7 }))
    await s3().send(new CreateBucketCommand({ Bucket: 'vault-hosted-us-east-1' }))
    await s3().send(new DeletePublicAccessBlockCommand({ Bucket: 'vault-hosted-us-east-1' }))
    return seeded
  }

  const seeded = await seedAll().catch(async (error: unknown) => {
    await removeAll()
    throw error
  })
  const account = { id: ownAccount, arn: ownUser, ...administrator }
  return {
    sandbox: undefined,
    info: { endpoint: '', accounts: [account], keys: seeded, buckets: [], roles: [] },
    dataDir: '',
    administrator: account,
    stranger: account,
    address: (service) => AWS_ENDPOINT_URL ?? `https://${service}.us-east-1.amazonaws.com`,
    real: (name) => `${run}${name}`,
    control: notHere,
    user: notHere,
    kms,
    s3,
    sts,
    close: removeAll,
  }
}

function notHere(): never {
  throw new Error('Only the sandbox can be steered: this test belongs into sandboxOnly().')
}

async function removeBucket(client: S3Client, Bucket: string): Promise<void> {
  for (;;) {
    const page = await client.send(new ListObjectVersionsCommand({ Bucket }))
    const all = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])]
    for (const { Key, VersionId } of all) {
      await client.send(new DeleteObjectCommand({ Bucket, Key, VersionId, BypassGovernanceRetention: true }))
    }
    if (!page.IsTruncated) break
  }
  await client.send(new DeleteBucketCommand({ Bucket }))
}

/** AWS KMS: "a change … can take a few seconds or a few minutes to become visible". Most take less than five. */
const settle = () => (process.env.AWS_ENDPOINT_URL ? Promise.resolve() : wait(5000))

interface Translation {
  out(text: string): string
  back(text: string): string
}

async function translation(run: string, credentials: Credentials): Promise<Translation> {
  const client = new STSClient({ region: 'us-east-1', credentials: { ...credentials } })
  const { Account = '', Arn = '' } = await client.send(new GetCallerIdentityCommand({}))
  client.destroy()
  return {
    out: (text) =>
      text
        .replaceAll(ownUser, Arn)
        .replaceAll(ownAccount, Account)
        .replace(/(?<=^|:)alias\/(?!aws\/)/g, `alias/${run}`),
    back: (text) => text.replaceAll(Arn, ownUser).replaceAll(Account, ownAccount).replaceAll(run, ''),
  }
}

/** In every text of a request, and of what comes back; `Bucket` and the bucket of `CopySource` get the run's prefix. */
async function translated<In extends { input: object }, Out extends { output: object }>(
  names: Translation,
  args: In,
  next: (args: In) => Promise<Out>,
): Promise<Out> {
  const input = Object(mapTexts(args.input, names.out))
  const prefix = names.out('alias/').slice('alias/'.length)
  if (typeof input.Bucket === 'string') input.Bucket = `${prefix}${input.Bucket}`
  if (typeof input.CopySource === 'string') input.CopySource = `${prefix}${input.CopySource}`
  try {
    const result = await next({ ...args, input })
    return { ...result, output: Object(mapTexts(result.output, names.back)) }
  } catch (error) {
    if (error instanceof Error) error.message = names.back(error.message)
    throw error
  }
}

function mapTexts(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === 'string') return map(value)
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, map))
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, mapTexts(inner, map)]))
}
