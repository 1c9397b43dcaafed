import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  type KMSClient,
  ListAliasesCommand,
  ListGrantsCommand,
  ListKeyRotationsCommand,
  ListResourceTagsCommand,
  PutKeyPolicyCommand,
  ReEncryptCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
} from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTarget, type TestTarget } from '../open-test-sandbox.ts'
import { onAws, sandboxOnly } from '../test-contract.ts'

let target: TestTarget
let kms: KMSClient

beforeAll(async () => {
  target = await openTarget()
  kms = target.kms()
})
afterAll(() => target.close())

/** No call leads to these states: the sandbox is told. Real keys get there by multi-Region work and custom key stores. */
async function newKeyIn(state: string): Promise<Subject> {
  const arn = await newKey()
  const blob = await seal(arn)
  await target.control('PUT', 'key-state', { keyArn: arn, state })
  return { arn, blob }
}

interface Subject {
  arn: string
  /** Made while the key was enabled; of another key when it never was. */
  blob: Uint8Array
}

async function newKey(origin: 'AWS_KMS' | 'EXTERNAL' = 'AWS_KMS'): Promise<string> {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Origin: origin }))
  return KeyMetadata?.Arn ?? ''
}

async function seal(arn: string): Promise<Uint8Array> {
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId: arn, Plaintext: Buffer.from('x') }))
  return CiphertextBlob ?? new Uint8Array()
}

const states: Record<string, () => Promise<Subject>> = {
  async Enabled() {
    const arn = await newKey()
    return { arn, blob: await seal(arn) }
  },
  async Disabled() {
    const arn = await newKey()
    const blob = await seal(arn)
    await kms.send(new DisableKeyCommand({ KeyId: arn }))
    return { arn, blob }
  },
  async PendingDeletion() {
    const arn = await newKey()
    const blob = await seal(arn)
    await kms.send(new ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: 7 }))
    return { arn, blob }
  },
  async PendingImport() {
    return { arn: await newKey('EXTERNAL'), blob: await seal(await newKey()) }
  },
  Unavailable: () => newKeyIn('Unavailable'),
  Creating: () => newKeyIn('Creating'),
  Updating: () => newKeyIn('Updating'),
}

const policy = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::111122223333:root' }, Action: 'kms:*', Resource: '*' },
  ],
})
let aliases = 0

const calls: Record<string, (subject: Subject) => Promise<unknown>> = {
  DescribeKey: ({ arn }) => kms.send(new DescribeKeyCommand({ KeyId: arn })),
  Encrypt: ({ arn }) => kms.send(new EncryptCommand({ KeyId: arn, Plaintext: Buffer.from('x') })),
  Decrypt: ({ arn, blob }) => kms.send(new DecryptCommand({ KeyId: arn, CiphertextBlob: blob })),
  'ReEncrypt (source)': async ({ arn, blob }) => {
    const command = { SourceKeyId: arn, CiphertextBlob: blob, DestinationKeyId: 'alias/backups' }
    return kms.send(new ReEncryptCommand(command))
  },
  'ReEncrypt (destination)': async ({ arn }) => {
    const command = { CiphertextBlob: await seal('alias/backups'), DestinationKeyId: arn }
    return kms.send(new ReEncryptCommand(command))
  },
  GenerateDataKey: ({ arn }) => kms.send(new GenerateDataKeyCommand({ KeyId: arn, KeySpec: 'AES_256' })),
  GenerateDataKeyWithoutPlaintext: ({ arn }) => {
    return kms.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId: arn, KeySpec: 'AES_256' }))
  },
  GetKeyRotationStatus: ({ arn }) => kms.send(new GetKeyRotationStatusCommand({ KeyId: arn })),
  EnableKeyRotation: ({ arn }) => kms.send(new EnableKeyRotationCommand({ KeyId: arn })),
  RotateKeyOnDemand: ({ arn }) => kms.send(new RotateKeyOnDemandCommand({ KeyId: arn })),
  ListKeyRotations: ({ arn }) => kms.send(new ListKeyRotationsCommand({ KeyId: arn })),
  EnableKey: ({ arn }) => kms.send(new EnableKeyCommand({ KeyId: arn })),
  DisableKey: ({ arn }) => kms.send(new DisableKeyCommand({ KeyId: arn })),
  ScheduleKeyDeletion: ({ arn }) => kms.send(new ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: 7 })),
  CancelKeyDeletion: ({ arn }) => kms.send(new CancelKeyDeletionCommand({ KeyId: arn })),
  CreateGrant: ({ arn }) => {
    const GranteePrincipal = 'arn:aws:iam::111122223333:user/vault-console'
    return kms.send(new CreateGrantCommand({ KeyId: arn, GranteePrincipal, Operations: ['Decrypt'] }))
  },
  GetKeyPolicy: ({ arn }) => kms.send(new GetKeyPolicyCommand({ KeyId: arn })),
  PutKeyPolicy: ({ arn }) => kms.send(new PutKeyPolicyCommand({ KeyId: arn, Policy: policy })),
  TagResource: ({ arn }) => kms.send(new TagResourceCommand({ KeyId: arn, Tags: [{ TagKey: 'a', TagValue: 'b' }] })),
  CreateAlias: ({ arn }) => {
    aliases += 1
    return kms.send(new CreateAliasCommand({ AliasName: `alias/state-${aliases}`, TargetKeyId: arn }))
  },
  ListAliases: ({ arn }) => kms.send(new ListAliasesCommand({ KeyId: arn })),
  ListGrants: ({ arn }) => kms.send(new ListGrantsCommand({ KeyId: arn })),
  ListResourceTags: ({ arn }) => kms.send(new ListResourceTagsCommand({ KeyId: arn })),
}

const D = 'DisabledException: <arn> is disabled.'
const P = 'KMSInvalidStateException: <arn> is pending deletion.'
const N = 'KMSInvalidStateException: <arn> is not pending deletion.'
const I = 'KMSInvalidStateException: <arn> is pending import.'
const X = 'UnsupportedOperationException: <arn> origin is EXTERNAL which is not valid for this operation.'
const U = 'KMSInvalidStateException: <arn> is unavailable.'
const C = 'KMSInvalidStateException: <arn> is creating.'
const G = 'KMSInvalidStateException: <arn> is updating.'
const O = 'UnsupportedOperationException: UnknownError'
const ok = 'ok'

/** https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html, in the order of `states`. */
const table: Record<string, string[]> = {
  DescribeKey: [ok, ok, ok, ok, ok, ok, ok],
  Encrypt: [ok, D, P, I, U, C, ok],
  Decrypt: [ok, D, P, I, U, C, ok],
  'ReEncrypt (source)': [ok, D, P, I, U, C, ok],
  'ReEncrypt (destination)': [ok, D, P, I, U, C, ok],
  GenerateDataKey: [ok, D, P, I, U, C, ok],
  GenerateDataKeyWithoutPlaintext: [ok, D, P, I, U, C, ok],
  GetKeyRotationStatus: [ok, ok, ok, X, O, ok, ok],
  EnableKeyRotation: [ok, D, P, X, O, C, ok],
  RotateKeyOnDemand: [ok, D, P, I, O, C, ok],
  ListKeyRotations: [ok, ok, ok, ok, O, ok, ok],
  EnableKey: [ok, ok, P, I, ok, C, G],
  DisableKey: [ok, ok, P, I, ok, C, G],
  ScheduleKeyDeletion: [ok, ok, P, ok, ok, ok, G],
  CancelKeyDeletion: [N, N, ok, N, N, N, N],
  CreateGrant: [ok, D, P, I, ok, C, ok],
  GetKeyPolicy: [ok, ok, ok, ok, ok, ok, ok],
  PutKeyPolicy: [ok, ok, ok, ok, ok, ok, ok],
  TagResource: [ok, ok, P, ok, ok, ok, ok],
  CreateAlias: [ok, ok, P, ok, ok, ok, ok],
  ListAliases: [ok, ok, ok, ok, ok, ok, ok],
  ListGrants: [ok, ok, ok, ok, ok, ok, ok],
  ListResourceTags: [ok, ok, ok, ok, ok, ok, ok],
}

describe('key states', () => {
  // No call leads to the last three, so on AWS they are left out.
  const names = Object.keys(states).slice(0, onAws ? 4 : undefined)
  test.each(Object.entries(table))('%s', async (operation, expected) => {
    const outcomes: Record<string, string> = {}
    for (const state of names) {
      const subject = await states[state]?.()
      if (!subject) throw new Error(state)
      try {
        await calls[operation]?.(subject)
        outcomes[state] = ok
      } catch (error) {
        if (!(error instanceof Error)) throw error
        outcomes[state] = `${error.name}: ${error.message.replace(subject.arn, '<arn>')}`
      }
    }
    expect(outcomes).toEqual(Object.fromEntries(names.map((state, at) => [state, expected[at]])))
  })

  test('a cancelled deletion leaves the key disabled, and EnableKey brings it back', async () => {
    const subject = await states.PendingDeletion?.()
    const KeyId = subject?.arn
    await kms.send(new CancelKeyDeletionCommand({ KeyId }))
    const cancelled = await kms.send(new DescribeKeyCommand({ KeyId }))
    expect(cancelled.KeyMetadata).toMatchObject({ KeyState: 'Disabled', Enabled: false })
    await kms.send(new EnableKeyCommand({ KeyId }))
    const { Plaintext } = await kms.send(new DecryptCommand({ CiphertextBlob: subject?.blob }))
    expect(Buffer.from(Plaintext ?? []).toString()).toBe('x')
  })

  sandboxOnly('the clock is moved')(
    'when its waiting period is over the key is gone, with its aliases and for good',
    async () => {
      const KeyId = await newKey()
      await kms.send(new CreateAliasCommand({ AliasName: 'alias/doomed', TargetKeyId: KeyId }))
      await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
      await target.control('PUT', 'clock', { advanceSeconds: 7 * 86_400 + 1 })
      await expect(kms.send(new DescribeKeyCommand({ KeyId }))).rejects.toThrow(`Key '${KeyId}' does not exist`)
      await expect(kms.send(new DescribeKeyCommand({ KeyId: 'alias/doomed' }))).rejects.toThrow(
        'Alias arn:aws:kms:us-east-1:111122223333:alias/doomed is not found.',
      )
      await target.control('DELETE', 'clock')
    },
  )
})
