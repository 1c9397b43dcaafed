import { afterAll, beforeAll, expect, test } from 'vitest'
import { keyArn, openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { checkKey } from './check-key.ts'
import { type Kms, kmsOf } from './kms.ts'
import { type KmsLookups, kmsLookupsOf } from './kms-lookups.ts'
import { type Check, type CheckId, checkIds } from './schema.ts'

// What a sandbox cannot be made to answer: a KMS that is none. All else is in check-environment.test.ts.

const situation = {
  index: 0,
  region: 'us-east-1',
  caller: Promise.resolve(undefined),
  installation: 'installation',
  environment: 'environment',
}
let sandbox: TestSandbox
let real: Kms & KmsLookups
let key: string
beforeAll(async () => {
  sandbox = await openTestSandbox()
  real = { ...kmsOf(sandbox.kms()), ...kmsLookupsOf(sandbox.kms()) }
  key = keyArn(sandbox.info, 'backups')
})
afterAll(() => sandbox.close())

async function run(changes: Partial<Kms & KmsLookups>, typed = key) {
  const checks: Check[] = []
  const { keyArn: found } = await checkKey({ ...real, ...changes }, { typed, ...situation }, (check) =>
    checks.push(check),
  )
  checks.sort((a, b) => checkIds.indexOf(a.id) - checkIds.indexOf(b.id))
  const one = (id: CheckId) => checks.find((check) => check.id === id)
  return { checks, found, one }
}
const isWrong = (context: Readonly<Record<string, string>>, right: Readonly<Record<string, string>> | undefined) =>
  right?.probe !== context.probe

/** Remembers the context of Encrypt, so that a Decrypt under another one can be told. */
function watched(decrypt: (wrong: boolean, ...call: Parameters<Kms['decrypt']>) => ReturnType<Kms['decrypt']>) {
  let right: Readonly<Record<string, string>> | undefined
  const encrypt: Kms['encrypt'] = (keyId, plaintext, context) => {
    right = context
    return real.encrypt(keyId, plaintext, context)
  }
  return { encrypt, decrypt: (...call: Parameters<Kms['decrypt']>) => decrypt(isWrong(call[2], right), ...call) }
}
const denial = Object.assign(new Error('User: arn:aws:iam::111122223333:user/x is not authorized'), {
  name: 'AccessDeniedException',
  $metadata: { httpStatusCode: 400 },
})

test('the context names installation, environment, purpose and the probe; the wrong one differs in the probe only', async () => {
  const contexts: Readonly<Record<string, string>>[] = []
  const changes = watched((_, ...call) => {
    contexts.push(call[2])
    return real.decrypt(...call)
  })
  const { checks } = await run(changes)
  expect(checks.map(({ status }) => status)).toEqual(Array.from({ length: 7 }, () => 'passed'))
  const [right, wrong] = contexts
  const common = { installation: 'installation', environment: 'environment', purpose: 'key-check' }
  expect(right).toEqual({ ...common, probe: expect.any(String) })
  expect(wrong).toEqual({ ...common, probe: expect.any(String) })
  expect(wrong?.probe).not.toBe(right?.probe)
})

test('a wrong context that a policy refuses first is inconclusive: a warning, and no failure', async () => {
  const { one } = await run(watched((wrong, ...call) => (wrong ? Promise.reject(denial) : real.decrypt(...call))))
  expect(one('key.decrypt')?.status).toBe('passed')
  expect(one('key.context')).toMatchObject({
    status: 'warning',
    kind: 'refused',
    awsCode: 'AccessDeniedException',
    detail: expect.stringContaining('Inconclusive'),
  })
})

test('a key store outside of AWS refuses a wrong context in words of its own', async () => {
  const refused = Object.assign(
    new Error(
      'The external key store proxy rejected the request because the specified ciphertext or additional authenticated data is corrupted, missing, or otherwise invalid.',
    ),
    { name: 'KMSInvalidStateException', $metadata: { httpStatusCode: 400 } },
  )
  const { one } = await run(watched((wrong, ...call) => (wrong ? Promise.reject(refused) : real.decrypt(...call))))
  expect(one('key.context')).toMatchObject({
    status: 'passed',
    detail: 'KMS refused to decrypt under another encryption context.',
  })
})

test('a wrong context that is accepted fails', async () => {
  const changes = watched(async (wrong, ...call) =>
    wrong ? { keyArn: key, plaintext: new Uint8Array(32), requestId: 'id' } : real.decrypt(...call),
  )
  const { one } = await run(changes)
  expect(one('key.context')).toMatchObject({ status: 'failed', kind: 'invalid', title: 'A wrong context was accepted' })
})

test('a wrong context that could not be tried fails with the reason', async () => {
  const gone = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  const { one } = await run(watched((wrong, ...call) => (wrong ? Promise.reject(gone) : real.decrypt(...call))))
  expect(one('key.context')).toMatchObject({
    status: 'failed',
    kind: 'unreachable',
    title: 'Wrong context could not be tried: AWS KMS in us-east-1 could not be reached',
  })
})

test('other bytes, fewer bytes and another key’s bytes are not what was encrypted', async () => {
  const other = keyArn(sandbox.info, 'archive')
  for (const spoil of [
    ({ plaintext, ...rest }: Awaited<ReturnType<Kms['decrypt']>>) => ({
      ...rest,
      plaintext: plaintext.map((byte, at) => (at === 31 ? byte ^ 1 : byte)),
    }),
    ({ plaintext, ...rest }: Awaited<ReturnType<Kms['decrypt']>>) => ({ ...rest, plaintext: plaintext.subarray(1) }),
    (answer: Awaited<ReturnType<Kms['decrypt']>>) => ({ ...answer, keyArn: other }),
  ]) {
    const { one } = await run({ decrypt: async (...call) => spoil(await real.decrypt(...call)) })
    expect(one('key.decrypt')).toMatchObject({ status: 'failed', kind: 'invalid', title: 'Decrypt went wrong' })
    expect(one('key.context')?.status).toBe('skipped')
  }
})

test('a key that was imported and waits, is being made, or is managed by AWS cannot be used', async () => {
  const described =
    (changes: object): Kms['describe'] =>
    async (typed) => {
      const answer = await real.describe(typed)
      return { ...answer, metadata: { ...answer.metadata, ...changes } }
    }
  const outcomes = [
    [{ KeyState: 'PendingImport' }, 'refused', 'The key has no key material'],
    [{ KeyState: 'PendingReplicaDeletion' }, 'refused', 'The key is scheduled for deletion'],
    [{ KeyState: 'Creating' }, 'refused', 'The key is not ready'],
    [{ KeyState: 'Unavailable' }, 'refused', 'The key store of this key is not connected'],
    [{ KeyManager: 'AWS' }, 'invalid', 'AWS manages this key, not you'],
    [{ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }, 'invalid', 'The key is of the wrong kind'],
    [{ KeySpec: 'SM2', KeyUsage: 'ENCRYPT_DECRYPT' }, 'invalid', 'The key is of the wrong kind'],
  ] as const
  for (const [changes, kind, title] of outcomes) {
    const { one } = await run({ describe: described(changes) })
    expect(one('key.usable')).toMatchObject({ status: 'failed', kind, title })
  }
  const { one } = await run({ describe: described({ KeyState: 'Updating', MultiRegion: true }) })
  expect(one('key.usable')).toMatchObject({
    status: 'passed',
    detail: 'Multi-Region key in us-east-1, account 111122223333, origin AWS_KMS.',
  })
})

test('rotation is advised only where KMS can be told to rotate, and a replica’s with its primary', async () => {
  const described =
    (changes: object): Kms['describe'] =>
    async (typed) => {
      const answer = await real.describe(typed)
      return { ...answer, metadata: { ...answer.metadata, ...changes } }
    }
  const rotation = async () => ({ on: false, periodDays: undefined, next: undefined, requestId: 'id' })
  for (const Origin of ['EXTERNAL', 'AWS_CLOUDHSM', 'EXTERNAL_KEY_STORE']) {
    const { one } = await run({ describe: described({ Origin }), rotation })
    expect(one('key.rotation')).toMatchObject({ status: 'passed', detail: expect.stringContaining('by itself') })
  }
  for (const [KeyState, detail] of [
    ['PendingDeletion', 'scheduled for deletion'],
    ['PendingReplicaDeletion', 'scheduled for deletion'],
    ['Disabled', 'for no key that is disabled'],
  ] as const) {
    const { one } = await run({ describe: described({ KeyState }), rotation })
    expect(one('key.rotation')).toMatchObject({ status: 'passed', detail: expect.stringContaining(detail) })
  }
  const on = await run({
    describe: described({ KeyState: 'Disabled' }),
    rotation: async () => ({ ...(await rotation()), on: true }),
  })
  expect(on.one('key.rotation')).toMatchObject({
    status: 'passed',
    detail: 'On, but KMS rotates no key that is disabled.',
  })
  const primary = 'arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab'
  const PrimaryKey = { Arn: primary, Region: 'eu-west-1' }
  const replica = { MultiRegionConfiguration: { MultiRegionKeyType: 'REPLICA', PrimaryKey } }
  for (const KeyState of ['Enabled', 'Disabled'] as const) {
    const { one } = await run({ describe: described({ ...replica, KeyState }), rotation })
    expect(one('key.rotation')?.remedies?.[0]?.formats[0]?.text).toBe(
      `aws kms enable-key-rotation --region eu-west-1 --key-id ${primary}\n`,
    )
  }
})

test('what cannot be a key is told before anything is sent', async () => {
  await sandbox.control('DELETE', 'requests')
  for (const typed of ['', 'arn:aws:s3:::bucket', 'alias/aws/s3', 'arn:aws:kms:eu-west-1:111122223333:key/x']) {
    const { checks, found } = await run({}, typed)
    expect(found).toBeNull()
    expect(checks.map(({ status, kind }) => `${status} ${kind ?? ''}`)).toEqual([
      'failed invalid',
      ...Array.from({ length: 6 }, () => 'skipped '),
    ])
  }
  expect((await sandbox.control('GET', 'requests')).counts).toEqual({})
})

test('imported material that ends soon is a warning', async () => {
  const expiring =
    (days: number): Kms['describe'] =>
    async (typed) => {
      const answer = await real.describe(typed)
      const ValidTo = new Date(Date.now() + days * 86_400_000 + 60_000)
      return { ...answer, metadata: { ...answer.metadata, ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo } }
    }
  const soon = await run({ describe: expiring(30) })
  expect(soon.one('key.usable')).toMatchObject({
    status: 'warning',
    who: 'key',
    cause: expect.stringContaining('30 days'),
  })
  const later = await run({ describe: expiring(31) })
  expect(later.one('key.usable')).toMatchObject({ status: 'passed', detail: expect.stringContaining('expires on') })
})

test('without Encrypt, Decrypt is asked for in a dry run, so that one report shows both refusals', async () => {
  const encrypt = () => Promise.reject(denial)
  const allowed = await run({ encrypt })
  expect(allowed.one('key.decrypt')).toMatchObject({
    status: 'skipped',
    detail: expect.stringMatching(/^It is allowed/),
    awsRequestId: expect.any(String),
  })
  const refused = await run({ encrypt, mayDecrypt: () => Promise.reject(denial) })
  expect(refused.one('key.decrypt')).toMatchObject({ status: 'failed', kind: 'refused', title: 'Decrypt was refused' })
  // What else a dry run meets says nothing of the permission.
  const gone = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  const away = await run({ encrypt, mayDecrypt: () => Promise.reject(gone) })
  expect(away.one('key.decrypt')).toMatchObject({ status: 'skipped', detail: 'Needs Encrypt.' })
})
