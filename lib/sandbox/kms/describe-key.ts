import { authorize } from './authorize.ts'
import { findKey } from './find-key.ts'
import { isSymmetric, type Key, keyArn } from './key.ts'
import type { KeyStore } from './key-store.ts'
import type { KmsHandler } from './kms-call.ts'

export const seconds = (milliseconds: number): number => milliseconds / 1000

const signingAlgorithms = (key: Key): string[] => {
  if (key.spec.startsWith('RSA')) {
    return ['PKCS1_V1_5', 'PSS'].flatMap((kind) => ['256', '384', '512'].map((size) => `RSASSA_${kind}_SHA_${size}`))
  }
  return [`ECDSA_SHA_${key.spec.endsWith('P384') ? '384' : key.spec.endsWith('P521') ? '512' : '256'}`]
}

function algorithms(key: Key): object {
  switch (key.usage) {
    case 'ENCRYPT_DECRYPT':
      return {
        EncryptionAlgorithms: isSymmetric(key) ? ['SYMMETRIC_DEFAULT'] : ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'],
      }
    case 'SIGN_VERIFY':
      return { SigningAlgorithms: signingAlgorithms(key) }
    case 'GENERATE_VERIFY_MAC':
      return { MacAlgorithms: [key.spec.replace('HMAC_', 'HMAC_SHA_')] }
    case 'KEY_AGREEMENT':
      return { KeyAgreementAlgorithms: ['ECDH'] }
  }
}

export function keyMetadata(key: Key, keys: KeyStore): object {
  const current = isSymmetric(key) ? keys.current(key) : undefined
  const validTo = current?.secret ? current.validTo : undefined
  const waiting = key.state === 'PendingDeletion' ? key.deletion : undefined
  const primary = keys.holder(key)
  return {
    AWSAccountId: key.account,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: seconds(key.created),
    Enabled: key.state === 'Enabled',
    Description: key.description,
    KeyUsage: key.usage,
    KeyState: key.state,
    ...(waiting && { DeletionDate: seconds(waiting.date) }),
    ...(validTo !== undefined && { ValidTo: seconds(validTo) }),
    Origin: key.origin,
    ...(key.origin === 'EXTERNAL' &&
      current?.secret && {
        ExpirationModel: validTo === undefined ? 'KEY_MATERIAL_DOES_NOT_EXPIRE' : 'KEY_MATERIAL_EXPIRES',
      }),
    KeyManager: key.manager,
    CustomerMasterKeySpec: key.spec,
    KeySpec: key.spec,
    ...algorithms(key),
    MultiRegion: key.multiRegion !== undefined,
    ...(key.multiRegion && {
      MultiRegionConfiguration: {
        MultiRegionKeyType: key.multiRegion.type,
        PrimaryKey: { Arn: keyArn(key.account, primary.region, key.id), Region: primary.region },
        ReplicaKeys: keys.replicas(key).map((replica) => ({ Arn: replica.arn, Region: replica.region })),
      },
    }),
    ...(key.state === 'PendingReplicaDeletion' && { PendingDeletionWindowInDays: key.deletion?.days }),
    ...(current?.secret && { CurrentKeyMaterialId: current.id }),
  }
}

export const describeKey: KmsHandler = (call) => {
  const { key, alias } = findKey(call, call.input.requiredString('KeyId'), 'kms:DescribeKey', true)
  authorize(call, key, 'DescribeKey', { alias })
  return { KeyMetadata: keyMetadata(key, call.keys) }
}
