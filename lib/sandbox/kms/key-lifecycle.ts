import { AwsError } from '../aws-error.ts'
import { authorize, authorizeWithoutKey } from './authorize.ts'
import { seconds } from './describe-key.ts'
import { findOwnKey } from './find-key.ts'
import { requireState } from './key-state.ts'
import type { KmsHandler } from './kms-call.ts'
import { page } from './page.ts'

const day = 86_400_000

export const listKeys: KmsHandler = (call) => {
  authorizeWithoutKey(call, 'ListKeys', '*')
  const { keys } = call.keys.shelf(call.caller.account, call.region)
  const { items, rest } = page(call.input, keys, { usual: 100, max: 1000 })
  return { Keys: items.map((key) => ({ KeyId: key.id, KeyArn: key.arn })), ...rest }
}

export const enableKey: KmsHandler = (call) => {
  const key = findOwnKey(call)
  authorize(call, key, 'EnableKey')
  requireState(key, 'EnableKey')
  if (key.state !== 'Unavailable') key.state = 'Enabled'
  call.keys.saveKey(key)
  return undefined
}

export const disableKey: KmsHandler = (call) => {
  const key = findOwnKey(call)
  authorize(call, key, 'DisableKey')
  requireState(key, 'DisableKey')
  if (key.state !== 'Unavailable') key.state = 'Disabled'
  call.keys.saveKey(key)
  return undefined
}

export const scheduleKeyDeletion: KmsHandler = (call) => {
  // The service model allows 1 to 365; the service itself takes 7 to 30.
  const days = call.input.number('PendingWindowInDays', { min: 1, max: 365 }) ?? 30
  const key = findOwnKey(call)
  authorize(call, key, 'ScheduleKeyDeletion', {
    more: { 'kms:ScheduleKeyDeletionPendingWindowInDays': [String(days)] },
  })
  if (days < 7 || days > 30) throw new AwsError('ValidationException', 'PendingWindowInDays must be between 7 and 30.')
  requireState(key, 'ScheduleKeyDeletion')
  const replicas = key.multiRegion?.type === 'PRIMARY' && call.keys.replicas(key).length > 0
  key.state = replicas ? 'PendingReplicaDeletion' : 'PendingDeletion'
  key.deletion = { date: call.clock.now() + days * day, days }
  call.keys.saveKey(key)
  return {
    KeyId: key.arn,
    ...(!replicas && { DeletionDate: seconds(key.deletion.date) }),
    KeyState: key.state,
    PendingWindowInDays: days,
  }
}

export const cancelKeyDeletion: KmsHandler = (call) => {
  const key = findOwnKey(call)
  authorize(call, key, 'CancelKeyDeletion')
  requireState(key, 'CancelKeyDeletion')
  const material = call.keys.current(key)
  key.state = key.origin === 'EXTERNAL' && !material?.secret ? 'PendingImport' : 'Disabled'
  delete key.deletion
  call.keys.saveKey(key)
  return { KeyId: key.arn }
}
