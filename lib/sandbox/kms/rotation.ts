import { AwsError } from '../aws-error.ts'
import { accessDenied, authorize } from './authorize.ts'
import { seconds } from './describe-key.ts'
import { findKey, findOwnKey } from './find-key.ts'
import { isSymmetric, type Key } from './key.ts'
import { requireState } from './key-state.ts'
import { newMaterial } from './key-store.ts'
import type { KmsCall, KmsHandler } from './kms-call.ts'
import { page } from './page.ts'

const day = 86_400_000
const rotationsForLife = 25

/** Neither asymmetric keys nor those of a custom key store, the only ones that can be unavailable, rotate. */
function requireSymmetric(key: Key): void {
  if (!isSymmetric(key) || key.state === 'Unavailable') throw new AwsError('UnsupportedOperationException', '')
}

function requireOwnMaterial(key: Key): void {
  requireSymmetric(key)
  if (key.origin !== 'EXTERNAL') return
  throw new AwsError(
    'UnsupportedOperationException',
    `${key.arn} origin is EXTERNAL which is not valid for this operation.`,
  )
}

function requirePrimary(key: Key): void {
  if (key.multiRegion?.type !== 'REPLICA') return
  throw new AwsError('UnsupportedOperationException', `${key.arn} is a multi-region replica key.`)
}

export const getKeyRotationStatus: KmsHandler = (call) => {
  const { key } = findKey(call, call.input.requiredString('KeyId'), 'kms:GetKeyRotationStatus', false)
  authorize(call, key, 'GetKeyRotationStatus')
  requireOwnMaterial(key)
  const rotation = call.keys.holder(key).rotation
  const pending = key.state === 'PendingDeletion' || key.state === 'PendingReplicaDeletion'
  if (!rotation || pending) return { KeyId: key.id, KeyRotationEnabled: false }
  return {
    KeyId: key.id,
    KeyRotationEnabled: true,
    RotationPeriodInDays: rotation.days,
    NextRotationDate: seconds(rotation.next),
  }
}

export const enableKeyRotation: KmsHandler = (call) => {
  const days = call.input.number('RotationPeriodInDays', { min: 90, max: 2560 })
  const key = findOwnKey(call)
  authorize(call, key, 'EnableKeyRotation', days ? { more: { 'kms:RotationPeriodInDays': [String(days)] } } : {})
  requireState(key, 'EnableKeyRotation')
  requireOwnMaterial(key)
  requirePrimary(key)
  const period = days ?? key.rotation?.days ?? 365
  if (key.rotation?.days !== period) key.rotation = { days: period, next: call.clock.now() + period * day }
  call.keys.saveKey(key)
  return undefined
}

export const disableKeyRotation: KmsHandler = (call) => {
  const key = findOwnKey(call)
  authorize(call, key, 'DisableKeyRotation')
  requireState(key, 'DisableKeyRotation')
  requireOwnMaterial(key)
  requirePrimary(key)
  delete key.rotation
  call.keys.saveKey(key)
  return undefined
}

/** Takes the imported material that waits, or makes new material. */
function rotateNow(call: KmsCall, key: Key): void {
  const now = call.clock.now()
  if (key.origin === 'AWS_KMS') {
    key.materials.push(newMaterial(key.id, now, 'ON_DEMAND'))
    return
  }
  const pending = key.materials.find((material) => material.pending)
  if (!pending) {
    throw new AwsError(
      'KMSInvalidStateException',
      `No available key material pending rotation for the key: ${key.arn}.`,
    )
  }
  delete pending.pending
  pending.since = now
  pending.rotation = 'ON_DEMAND'
}

export const rotateKeyOnDemand: KmsHandler = (call) => {
  const key = findOwnKey(call)
  authorize(call, key, 'RotateKeyOnDemand')
  requireSymmetric(key)
  requireState(key, 'RotateKeyOnDemand')
  requirePrimary(key)
  if (key.materials.filter((material) => material.rotation === 'ON_DEMAND').length >= rotationsForLife) {
    throw new AwsError(
      'LimitExceededException',
      `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${key.arn}`,
    )
  }
  rotateNow(call, key)
  call.keys.saveKey(key)
  return { KeyId: key.arn }
}

export const listKeyRotations: KmsHandler = (call) => {
  const which = call.input.oneOf('IncludeKeyMaterial', ['ALL_KEY_MATERIAL', 'ROTATIONS_ONLY']) ?? 'ROTATIONS_ONLY'
  const { key } = findKey(call, call.input.requiredString('KeyId'), 'kms:ListKeyRotations', false)
  if (key.account !== call.caller.account)
    throw accessDenied(call, 'kms:ListKeyRotations', 'on this resource', 'foreign')
  authorize(call, key, 'ListKeyRotations')
  requireSymmetric(key)
  const current = call.keys.current(key)
  const materials = call.keys
    .holder(key)
    .materials.filter((material) => which === 'ALL_KEY_MATERIAL' || material.rotation !== undefined)
  const { items, rest } = page(call.input, materials, { usual: 100, max: 1000 })
  return {
    Rotations: items.map((material) => ({
      KeyId: key.id,
      KeyMaterialId: material.id,
      KeyMaterialState: material.pending ? 'PENDING_ROTATION' : material === current ? 'CURRENT' : 'NON_CURRENT',
      ...(material.rotation && { RotationDate: seconds(material.since), RotationType: material.rotation }),
      ...(key.origin === 'EXTERNAL' && {
        ImportState: material.secret ? 'IMPORTED' : 'PENDING_IMPORT',
        ExpirationModel: material.validTo === undefined ? 'KEY_MATERIAL_DOES_NOT_EXPIRE' : 'KEY_MATERIAL_EXPIRES',
        ...(material.validTo !== undefined && { ValidTo: seconds(material.validTo) }),
      }),
    })),
    ...rest,
  }
}
