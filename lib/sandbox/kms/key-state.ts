import { AwsError } from '../aws-error.ts'
import type { Key, KeyState } from './key.ts'

type Obstacle =
  | 'disabled'
  | 'pending deletion'
  | 'not pending deletion'
  | 'pending import'
  | 'unavailable'
  | 'creating'
  | 'updating'
type Row = Partial<Record<KeyState, Obstacle>>

const deleting: Row = { PendingDeletion: 'pending deletion', PendingReplicaDeletion: 'pending deletion' }
const grant: Row = { ...deleting, Disabled: 'disabled', PendingImport: 'pending import', Creating: 'creating' }
const cryptography: Row = { ...grant, Unavailable: 'unavailable' }
const onOff: Row = { ...deleting, PendingImport: 'pending import', Creating: 'creating', Updating: 'updating' }
const notDeleting: Row = {
  Enabled: 'not pending deletion',
  Disabled: 'not pending deletion',
  PendingImport: 'not pending deletion',
  Unavailable: 'not pending deletion',
  Creating: 'not pending deletion',
  Updating: 'not pending deletion',
}

/** What stands in an operation's way, by state; an operation or a state that is not here goes ahead. */
const rows: Record<string, Row> = {
  Encrypt: cryptography,
  Decrypt: cryptography,
  ReEncrypt: cryptography,
  GenerateDataKey: cryptography,
  GenerateDataKeyWithoutPlaintext: cryptography,
  EnableKeyRotation: { ...deleting, Disabled: 'disabled', Creating: 'creating' },
  DisableKeyRotation: { ...deleting, Disabled: 'disabled', Creating: 'creating' },
  RotateKeyOnDemand: { ...deleting, Disabled: 'disabled', PendingImport: 'pending import', Creating: 'creating' },
  EnableKey: onOff,
  DisableKey: onOff,
  ScheduleKeyDeletion: { ...deleting, Updating: 'updating' },
  CancelKeyDeletion: notDeleting,
  CreateGrant: grant,
  TagResource: deleting,
  UntagResource: deleting,
  CreateAlias: deleting,
  UpdateAlias: deleting,
  ReplicateKey: { ...cryptography, Updating: 'updating' },
  ImportKeyMaterial: deleting,
  GetParametersForImport: deleting,
  DeleteImportedKeyMaterial: deleting,
}

/** The table of https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html */
export function requireState(key: Key, operation: string): void {
  const obstacle = rows[operation]?.[key.state]
  if (!obstacle) return
  const code = obstacle === 'disabled' ? 'DisabledException' : 'KMSInvalidStateException'
  throw new AwsError(code, `${key.arn} is ${obstacle}.`)
}
