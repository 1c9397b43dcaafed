import { constants, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto'
import {
  type AliasListEntry,
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetKeyLastUsageCommand,
  GetKeyRotationStatusCommand,
  GetParametersForImportCommand,
  ImportKeyMaterialCommand,
  type KMSClient,
  ListAliasesCommand,
  ListKeyRotationsCommand,
  ListKeysCommand,
  PutKeyPolicyCommand,
  ReEncryptCommand,
  ReplicateKeyCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keyArn, openTarget, refusal, type TestTarget } from '../open-test-sandbox.ts'
import { sandboxOnly } from '../test-contract.ts'

let target: TestTarget
let kms: KMSClient
let key: string

beforeAll(async () => {
  target = await openTarget()
  kms = target.kms()
  key = keyArn(target.info, 'backups')
})
afterAll(() => target.close())

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString()
const encrypt = async (KeyId: string, context?: Record<string, string>, client = kms) => {
  const { CiphertextBlob } = await client.send(
    new EncryptCommand({ KeyId, Plaintext: Buffer.from('secret'), EncryptionContext: context }),
  )
  return CiphertextBlob ?? new Uint8Array()
}

describe('naming a key', () => {
  test('by key ID, key ARN, alias name and alias ARN', async () => {
    const id = key.replace(/^.*\//, '')
    for (const KeyId of [id, key, 'alias/backups', 'arn:aws:kms:us-east-1:111122223333:alias/backups']) {
      const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }))
      expect(KeyMetadata?.Arn).toBe(key)
    }
  })

  test.each([
    ['fake-key-id', 'NotFoundException', "Invalid keyId 'fake-key-id'"],
    ['134f2428cec14b25a1ae9048164dba47', 'NotFoundException', "Invalid keyId '134f2428cec14b25a1ae9048164dba47'"],
    [
      '1234abcd-12ab-34cd-56ef-1234567890ab',
      'NotFoundException',
      "Key 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab' does not exist",
    ],
    [
      'mrk-1234abcd12ab34cd56ef1234567890ab',
      'NotFoundException',
      "Key 'arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab' does not exist",
    ],
    [
      'arn:aws:kms:eu-west-3:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
      'NotFoundException',
      'Invalid arn eu-west-3',
    ],
    ['alias/nobody', 'NotFoundException', 'Alias arn:aws:kms:us-east-1:111122223333:alias/nobody is not found.'],
  ])('%s is refused', async (KeyId, name, message) => {
    const refused = await refusal(kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') })))
    expect(refused).toEqual({ name, message, status: 400 })
  })

  test('a key of another account that is not there is a denial', async () => {
    const KeyId = 'arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab'
    const refused = await refusal(kms.send(new DescribeKeyCommand({ KeyId })))
    expect(refused.name).toBe('AccessDeniedException')
    expect(refused.message).toContain('because the resource does not exist in this Region')
  })
})

describe('encrypting', () => {
  test('opens only under the same context, in any order of pairs', async () => {
    const blob = await encrypt(key, { a: '1', b: '2' })
    const same = await kms.send(new DecryptCommand({ CiphertextBlob: blob, EncryptionContext: { b: '2', a: '1' } }))
    expect(text(same.Plaintext)).toBe('secret')
    expect(same.KeyId).toBe(key)
    const wrong: (Record<string, string> | undefined)[] = [
      undefined,
      { a: '1' },
      { a: '1', b: '3' },
      { A: '1', b: '2' },
    ]
    for (const context of wrong) {
      const refused = await refusal(kms.send(new DecryptCommand({ CiphertextBlob: blob, EncryptionContext: context })))
      expect(refused).toEqual({ name: 'InvalidCiphertextException', message: 'UnknownError', status: 400 })
    }
  })

  test('a damaged blob is invalid, one of another key incorrect', async () => {
    const blob = await encrypt(key)
    const damaged = Buffer.from(blob)
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1
    expect((await refusal(kms.send(new DecryptCommand({ KeyId: key, CiphertextBlob: damaged })))).name).toBe(
      'InvalidCiphertextException',
    )
    expect((await refusal(kms.send(new DecryptCommand({ CiphertextBlob: Buffer.from('no blob') })))).name).toBe(
      'InvalidCiphertextException',
    )
    const refused = await refusal(kms.send(new DecryptCommand({ KeyId: 'alias/archive', CiphertextBlob: blob })))
    expect(refused).toEqual({
      name: 'IncorrectKeyException',
      message: 'The key ID in the request does not identify a CMK that can perform this operation.',
      status: 400,
    })
  })

  test('in the wrong Region, ciphertext is a denial that does not say why', async () => {
    const refused = await refusal(
      target.kms('us-west-2').send(new DecryptCommand({ CiphertextBlob: await encrypt(key) })),
    )
    expect(refused.message).toBe(
      'User: arn:aws:iam::111122223333:user/vault-console is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access',
    )
  })

  test('takes 1 to 4,096 bytes', async () => {
    const send = (size: number) => kms.send(new EncryptCommand({ KeyId: key, Plaintext: randomBytes(size) }))
    await send(1)
    await send(4096)
    expect(await refusal(send(4097))).toEqual({
      name: 'ValidationException',
      message:
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096",
      status: 400,
    })
    expect((await refusal(send(0))).message).toContain('Member must have length greater than or equal to 1')
  })

  test('with RSA, up to what the padding leaves', async () => {
    const rsa = keyArn(target.info, 'partner-inbox')
    const algorithm = { EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' } as const
    const sealed = await kms.send(new EncryptCommand({ KeyId: rsa, Plaintext: randomBytes(190), ...algorithm }))
    const opened = await kms.send(
      new DecryptCommand({ KeyId: rsa, CiphertextBlob: sealed.CiphertextBlob, ...algorithm }),
    )
    expect(opened.Plaintext).toHaveLength(190)
    const refused = await refusal(
      kms.send(new EncryptCommand({ KeyId: rsa, Plaintext: randomBytes(191), ...algorithm })),
    )
    expect(refused.message).toBe(
      'Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190 bytes.',
    )
  })

  test('with a signing key is refused by its usage', async () => {
    const KeyId = keyArn(target.info, 'code-signing')
    const refused = await refusal(kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') })))
    expect(refused).toEqual({
      name: 'InvalidKeyUsageException',
      message: `${KeyId} key usage is SIGN_VERIFY which is not valid for Encrypt.`,
      status: 400,
    })
  })

  test('DryRun always fails, and says when it would have gone well', async () => {
    const refused = await refusal(
      kms.send(new EncryptCommand({ KeyId: key, Plaintext: Buffer.from('x'), DryRun: true })),
    )
    expect(refused).toEqual({
      name: 'DryRunOperationException',
      message: 'The request would have succeeded, but the DryRun option is set.',
      status: 400,
    })
    const blind = new DecryptCommand({ KeyId: key, DryRun: true, DryRunModifiers: ['IGNORE_CIPHERTEXT'] })
    expect((await refusal(kms.send(blind))).name).toBe('DryRunOperationException')
  })

  test('ReEncrypt moves to another key and context', async () => {
    const moved = await kms.send(
      new ReEncryptCommand({
        CiphertextBlob: await encrypt(key, { a: '1' }),
        SourceEncryptionContext: { a: '1' },
        DestinationKeyId: 'alias/archive',
        DestinationEncryptionContext: { b: '2' },
      }),
    )
    expect(moved.SourceKeyId).toBe(key)
    const opened = await kms.send(
      new DecryptCommand({ CiphertextBlob: moved.CiphertextBlob, EncryptionContext: { b: '2' } }),
    )
    expect(text(opened.Plaintext)).toBe('secret')
    expect(opened.KeyId).toBe(keyArn(target.info, 'archive'))
  })

  test('GenerateDataKey gives the same key twice: plain and sealed', async () => {
    const made = await kms.send(new GenerateDataKeyCommand({ KeyId: key, NumberOfBytes: 77 }))
    const opened = await kms.send(new DecryptCommand({ CiphertextBlob: made.CiphertextBlob }))
    expect(made.Plaintext).toHaveLength(77)
    expect(text(opened.Plaintext)).toBe(text(made.Plaintext))
    expect((await refusal(kms.send(new GenerateDataKeyCommand({ KeyId: key })))).message).toBe(
      'Please specify either number of bytes or key spec.',
    )
    expect((await refusal(kms.send(new GenerateDataKeyCommand({ KeyId: key, NumberOfBytes: 1025 })))).message).toBe(
      "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024",
    )
  })

  sandboxOnly('AWS tells hours later')('GetKeyLastUsage tells the last use, and that there was none', async () => {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
    const KeyId = KeyMetadata?.KeyId ?? ''
    expect((await kms.send(new GetKeyLastUsageCommand({ KeyId }))).KeyLastUsage).toEqual({})
    await encrypt(KeyId)
    expect((await kms.send(new GetKeyLastUsageCommand({ KeyId }))).KeyLastUsage?.Operation).toBe('Encrypt')
  })
})

describe('rotation', () => {
  sandboxOnly('a rotation there goes on in the background')(
    'old ciphertext opens after it, and every blob names its material',
    async () => {
      const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
      const KeyId = KeyMetadata?.Arn ?? ''
      const before = await encrypt(KeyId)
      await kms.send(new RotateKeyOnDemandCommand({ KeyId }))
      const after = await encrypt(KeyId)
      const old = await kms.send(new DecryptCommand({ CiphertextBlob: before }))
      const fresh = await kms.send(new DecryptCommand({ CiphertextBlob: after }))
      expect(text(old.Plaintext)).toBe('secret')
      expect(old.KeyMaterialId).toBe(KeyMetadata?.CurrentKeyMaterialId)
      expect(fresh.KeyMaterialId).not.toBe(old.KeyMaterialId)
      const { Rotations } = await kms.send(
        new ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }),
      )
      expect(Rotations?.map((rotation) => [rotation.KeyMaterialState, rotation.RotationType])).toEqual([
        ['NON_CURRENT', undefined],
        ['CURRENT', 'ON_DEMAND'],
      ])
    },
  )

  sandboxOnly('a rotation there goes on in the background')('25 times for life', async () => {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
    const KeyId = KeyMetadata?.Arn ?? ''
    for (let turn = 0; turn < 25; turn += 1) await kms.send(new RotateKeyOnDemandCommand({ KeyId }))
    expect(await refusal(kms.send(new RotateKeyOnDemandCommand({ KeyId })))).toEqual({
      name: 'LimitExceededException',
      message: `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${KeyId}`,
      status: 400,
    })
  })

  sandboxOnly('the clock is moved')('by itself, when its day comes', async () => {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
    const KeyId = KeyMetadata?.KeyId ?? ''
    await kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }))
    const status = await kms.send(new GetKeyRotationStatusCommand({ KeyId }))
    expect(status).toMatchObject({ KeyRotationEnabled: true, KeyId, RotationPeriodInDays: 90 })
    await target.control('PUT', 'clock', { advanceSeconds: 91 * 86_400 })
    const { Rotations } = await kms.send(new ListKeyRotationsCommand({ KeyId }))
    expect(Rotations?.map((rotation) => rotation.RotationType)).toEqual(['AUTOMATIC'])
    await target.control('DELETE', 'clock')
  })

  test('is not for asymmetric keys', async () => {
    const KeyId = keyArn(target.info, 'code-signing')
    expect(await refusal(kms.send(new RotateKeyOnDemandCommand({ KeyId })))).toEqual({
      name: 'UnsupportedOperationException',
      message: 'UnknownError',
      status: 400,
    })
  })
})

describe('multi-Region keys', () => {
  test('ciphertext of one opens in its replica', async () => {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ MultiRegion: true }))
    const KeyId = KeyMetadata?.KeyId ?? ''
    expect(KeyId).toMatch(/^mrk-[0-9a-f]{32}$/)
    const made = await kms.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'eu-central-1' }))
    expect(made.ReplicaKeyMetadata?.MultiRegionConfiguration?.MultiRegionKeyType).toBe('REPLICA')
    const blob = await encrypt(KeyId, { a: '1' })
    const there = target.kms('eu-central-1')
    const opened = await there.send(new DecryptCommand({ CiphertextBlob: blob, EncryptionContext: { a: '1' } }))
    expect(text(opened.Plaintext)).toBe('secret')
    expect(opened.KeyId).toBe(made.ReplicaKeyMetadata?.Arn)
    const back = await encrypt(KeyId, undefined, there)
    await kms.send(new RotateKeyOnDemandCommand({ KeyId }))
    expect(text((await kms.send(new DecryptCommand({ CiphertextBlob: back }))).Plaintext)).toBe('secret')
    expect((await refusal(there.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'us-west-2' })))).message).toBe(
      `${made.ReplicaKeyMetadata?.Arn} is not a multi-region primary key.`,
    )
  })

  sandboxOnly('the clock is moved')('a primary waits for its replicas before it waits for itself', async () => {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ MultiRegion: true }))
    const KeyId = KeyMetadata?.KeyId ?? ''
    await kms.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'us-west-2' }))
    const primary = await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    expect(primary).toMatchObject({ KeyState: 'PendingReplicaDeletion' })
    expect(primary.DeletionDate).toBeUndefined()
    await target.kms('us-west-2').send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    await target.control('PUT', 'clock', { advanceSeconds: 8 * 86_400 })
    expect((await refusal(target.kms('us-west-2').send(new DescribeKeyCommand({ KeyId })))).name).toBe(
      'NotFoundException',
    )
    const waiting = await kms.send(new DescribeKeyCommand({ KeyId }))
    expect(waiting.KeyMetadata?.KeyState).toBe('PendingDeletion')
    await target.control('DELETE', 'clock')
  })
})

describe('imported material', () => {
  async function importInto(KeyId: string, material: Buffer, more: object = {}) {
    const parameters = await kms.send(
      new GetParametersForImportCommand({
        KeyId,
        WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
        WrappingKeySpec: 'RSA_2048',
      }),
    )
    const publicKey = createPublicKey({ key: Buffer.from(parameters.PublicKey ?? []), format: 'der', type: 'spki' })
    const wrapped = publicEncrypt(
      { key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
      material,
    )
    return kms.send(
      new ImportKeyMaterialCommand({
        KeyId,
        ImportToken: parameters.ImportToken,
        EncryptedKeyMaterial: wrapped,
        ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
        ...more,
      }),
    )
  }

  sandboxOnly('the clock is moved')(
    'makes the key work, expires, and works again only with the same material',
    async () => {
      const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Origin: 'EXTERNAL' }))
      const KeyId = KeyMetadata?.Arn ?? ''
      const material = randomBytes(32)
      const ValidTo = new Date(Date.now() + 60_000)
      await importInto(KeyId, material, { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo })
      const blob = await encrypt(KeyId)
      await target.control('PUT', 'clock', { advanceSeconds: 120 })
      expect((await refusal(kms.send(new DecryptCommand({ CiphertextBlob: blob })))).message).toBe(
        `${KeyId} is pending import.`,
      )
      expect((await refusal(importInto(KeyId, randomBytes(32)))).name).toBe('IncorrectKeyMaterialException')
      await importInto(KeyId, material)
      expect(text((await kms.send(new DecryptCommand({ CiphertextBlob: blob }))).Plaintext)).toBe('secret')
      await target.control('DELETE', 'clock')
    },
  )

  sandboxOnly('a rotation there goes on in the background')(
    'rotates on demand to new material that was imported first',
    async () => {
      const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Origin: 'EXTERNAL' }))
      const KeyId = KeyMetadata?.Arn ?? ''
      await importInto(KeyId, randomBytes(32))
      expect((await refusal(kms.send(new RotateKeyOnDemandCommand({ KeyId })))).message).toBe(
        `No available key material pending rotation for the key: ${KeyId}.`,
      )
      const before = await encrypt(KeyId)
      const added = await importInto(KeyId, randomBytes(32), { ImportType: 'NEW_KEY_MATERIAL' })
      await kms.send(new RotateKeyOnDemandCommand({ KeyId }))
      const fresh = await kms.send(new DecryptCommand({ CiphertextBlob: await encrypt(KeyId) }))
      expect(fresh.KeyMaterialId).toBe(added.KeyMaterialId)
      expect(text((await kms.send(new DecryptCommand({ CiphertextBlob: before }))).Plaintext)).toBe('secret')
    },
  )

  test('needs a date when it is to expire, and a key that takes it', async () => {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Origin: 'EXTERNAL' }))
    const expiring = { ExpirationModel: 'KEY_MATERIAL_EXPIRES' }
    expect((await refusal(importInto(KeyMetadata?.KeyId ?? '', randomBytes(32), expiring))).message).toBe(
      'A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES',
    )
    expect((await refusal(importInto(key, randomBytes(32)))).message).toBe(
      `${key} origin is AWS_KMS which is not valid for this operation.`,
    )
  })
})

describe('aliases, tags, policies, pages', () => {
  test('an alias moves and goes', async () => {
    const first = keyArn(target.info, 'backups')
    const second = keyArn(target.info, 'archive')
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/moving', TargetKeyId: first }))
    expect(
      await refusal(kms.send(new CreateAliasCommand({ AliasName: 'alias/moving', TargetKeyId: first }))),
    ).toMatchObject({
      name: 'AlreadyExistsException',
      message: 'An alias with the name arn:aws:kms:us-east-1:111122223333:alias/moving already exists',
    })
    await kms.send(new UpdateAliasCommand({ AliasName: 'alias/moving', TargetKeyId: second }))
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/moving' }))
    expect(KeyMetadata?.Arn).toBe(second)
    await kms.send(new DeleteAliasCommand({ AliasName: 'alias/moving' }))
    expect((await refusal(kms.send(new DescribeKeyCommand({ KeyId: 'alias/moving' })))).name).toBe('NotFoundException')
  })

  test('an alias needs its prefix', async () => {
    const refused = await refusal(kms.send(new CreateAliasCommand({ AliasName: 'moving', TargetKeyId: key })))
    expect(refused).toEqual({
      name: 'ValidationException',
      message:
        'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
      status: 400,
    })
  })

  test.each([
    ['Duplicate tag keys', ['a', 'a']],
    ['Too many tags', Array.from({ length: 51 }, (_, index) => `t${index}`)],
    ['Tags beginning with aws: are reserved', ['aws:x']],
  ])('%s', async (message, names) => {
    const Tags = names.map((TagKey) => ({ TagKey, TagValue: 'v' }))
    expect(await refusal(kms.send(new TagResourceCommand({ KeyId: key, Tags })))).toMatchObject({
      name: 'TagException',
      message,
    })
  })

  sandboxOnly('it leaves a key that nobody can delete')(
    'a policy that would lock its writer out is refused',
    async () => {
      const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
      const Policy = JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::444455556666:root' }, Action: 'kms:*', Resource: '*' },
        ],
      })
      const command = { KeyId: KeyMetadata?.KeyId, Policy }
      expect((await refusal(kms.send(new PutKeyPolicyCommand(command)))).name).toBe('MalformedPolicyDocumentException')
      await kms.send(new PutKeyPolicyCommand({ ...command, BypassPolicyLockoutSafetyCheck: true }))
      expect((await refusal(kms.send(new PutKeyPolicyCommand(command)))).message).toContain(
        'because no resource-based policy allows the kms:PutKeyPolicy action',
      )
    },
  )

  test('pages add up to the whole list', async () => {
    const name = (alias: AliasListEntry) => `${alias.AliasName} ${alias.TargetKeyId}`
    const aliases: string[] = []
    let Marker: string | undefined
    do {
      const page = await kms.send(new ListAliasesCommand({ Limit: 2, Marker }))
      aliases.push(...(page.Aliases ?? []).map(name))
      Marker = page.NextMarker
    } while (Marker)
    const whole = await kms.send(new ListAliasesCommand({}))
    expect(aliases).toEqual(whole.Aliases?.map(name))
    expect(new Set(aliases).size).toBe(aliases.length)
    expect((await kms.send(new ListKeysCommand({ Limit: 1 }))).Truncated).toBe(true)
  })

  test('PendingWindowInDays is 7 to 30', async () => {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
    const KeyId = KeyMetadata?.KeyId
    expect((await refusal(kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 6 })))).name).toBe(
      'ValidationException',
    )
    expect((await refusal(kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 31 })))).name).toBe(
      'ValidationException',
    )
  })

  test('an unknown grantee is refused', async () => {
    const GranteePrincipal = 'arn:aws:iam::111122223333:user/nobody'
    const refused = await refusal(
      kms.send(new CreateGrantCommand({ KeyId: key, GranteePrincipal, Operations: ['Decrypt'] })),
    )
    expect(refused.name).toBe('InvalidArnException')
  })
})
